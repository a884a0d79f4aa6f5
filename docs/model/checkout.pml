/* One checkout of BPS and a PSP, with faults at every step. README.md tells what it shows. */

#include "words.pml"

bool charged_twice_for_a_checkout, charged_twice_for_an_order, charged_after_failing,
     success_without_charge, success_undone, ended_without_fence, unfinished, books_differ;

byte busy[4];               /* of every process, since it read the clock */
byte on_the_wire[2];        /* a confirm that nobody waits for any more, per purchase */
bool cancel_on_the_wire;
bool expired;               /* the session's time has passed, or the shop cancels it */
bool hours_have_passed;     /* since Buy Now, too many to send */
byte faults = FAULTS;
byte webhooks = WEBHOOKS;
bool late_webhook;          /* of a charge after "declined": the PSP delivers it until it is answered */
#ifdef WEBHOOK_BELIEVED
byte news;                  /* what the webhook says */
#endif
#ifdef FENCE_KEY_WINDOW
byte first_cancel;
#endif

#include "psp.pml"
#include "database.pml"

#define FAULT faults > 0 -> faults--
#define REST goto end_idle

/* A process without work holds nothing. */
inline rest() {
    row = 0; answer = 0; phase_as_read = 0; chargeable = false; first_as_read = false;
    by_webhook = false; busy[me] = 0;
#ifdef NO_GATE_LOCK
    held = 0
#endif
}

/* due.claim_due, then reading purchase and call: what carry_purchase decides by. */
inline take_up(which) {
    row = which;
    due[row] = false;
    busy[me] = FRESH;
    phase_as_read = phase[row];
    chargeable = MAY_SEND(first_sent[row]) && !TOO_LATE;
    first_as_read = first_sent[row] == NEVER
}

inline leave_on_the_wire() {
    if
    :: on_the_wire[row] == 0 -> on_the_wire[row] = busy[me]
    :: else             /* one is enough to do harm: the second is lost */
    fi
}

/* Buy Now, checked and stored under one lock. */
inline accept() {
    if
    :: INDEXES_AGREE && rows < 2 ->
        store();
        if
        :: printf("%e %d stores the purchase, and will send it\n", WHO);
            first_sent[row] = YOUNG;
            only_sender[row] = me;
            first_as_read = true;
            goto sending
#ifndef SEND_BEFORE_STORE
        :: printf("%e %d stores the purchase, for a worker\n", WHO);
            make_due(row);
            rest();
            REST
#endif
        fi
    :: else -> REST
    fi
}

/* next_step.first_step */
inline take_first_step() {
    if
    :: !STARTED(phase_as_read) -> rest(); REST
    :: phase_as_read == SUBMITTING && chargeable -> goto claiming
    :: else /* STARTED */ -> goto looking
    fi
}

/* Death, and a new start. What it was doing is due again once its lease lapses. */
inline die() {
    printf("%e %d dies\n", WHO);
    make_due(row);
    session_due = session_due || expired && session == REGISTERED;
    if
    :: by_webhook && receipt == TAKEN -> receipt = WAITING
    :: else
    fi;
    forget_the_send();
    rest();
    REST
}

/* Web (the first WEBS of them) or worker. Every step is one transaction, or one request that reaches
   the PSP; between two steps anything may happen to the others, and to this one: death. */
proctype Process(byte me) {
    byte row, answer, phase_as_read;
    bool chargeable, first_as_read, by_webhook;
#ifdef NO_GATE_LOCK
    byte held;
#endif

end_idle:
    if
    :: atomic { me < WEBS && rows < 2 && session == REGISTERED && !BOUGHT && !ORDER_IS_TAKEN &&
                (!expired || faults > 0) ->
        if
        :: expired -> faults--      /* a press whose clock was read before the session expired */
        :: else
        fi;
#ifdef NO_ROW_LOCK
        goto checked
#else
        accept()
#endif
        }
    :: atomic { me >= WEBS && due[0] && FOUND -> take_up(0); take_first_step() }
    :: atomic { me >= WEBS && due[1] && FOUND -> take_up(1); take_first_step() }
    :: atomic { me >= WEBS && receipt == WAITING ->
        if
        :: BOUGHT -> by_webhook = true; receipt = TAKEN; goto looking
        :: else -> receipt = 0; REST
        fi }
    :: atomic { me >= WEBS && session_due ->
        session_due = false;
        if
        :: session == REGISTERED && !BOUGHT -> goto ending
        :: else -> REST
        fi }
    fi;

#ifdef NO_ROW_LOCK
checked:
    atomic { accept() };
#endif

looking:                /* look_up.look_up, for a poll or for a webhook */
    if
#ifdef WEBHOOK_BELIEVED
    :: atomic { by_webhook -> answer = news }
    :: atomic { !by_webhook -> answer = psp }
#else
    :: atomic { answer = psp; printf("%e %d asks, and is told %e\n", WHO, psp) }
#endif
    :: atomic { FAULT; answer = UNANSWERED; printf("%e %d asks, and is told nothing\n", WHO) }
    :: atomic { psp != OPEN && FAULT;
        answer = OPEN; make_due(row); printf("%e %d asks, and is told by an old replica\n", WHO) }
    :: atomic { FAULT; die() }
    fi;
#ifdef NO_GATE_LOCK
    held = phase[row];
#endif
    if
    :: atomic {
        if
        :: answer == UNANSWERED -> settle(AFTER_NOT_FOUND);
            if
            :: by_webhook -> receipt = WAITING
            :: else -> make_due(row)
            fi
        :: else -> settle(answer);
            if
            :: by_webhook && receipt == TAKEN ->
                if      /* receipts.process_receipt: what it announces must be seen in the end */
#ifndef LOOKS_ONCE
                :: answer == OPEN && psp != OPEN -> receipt = WAITING
#endif
                :: else -> receipt = 0
                fi
            :: else
            fi
        fi;
        if      /* next_step.step_after_look_up */
        :: answer == OPEN && !by_webhook && phase_as_read <= IN_DOUBT ->
            answer = 0;
            if
            :: chargeable -> goto claiming
            :: else -> goto fencing
            fi
        :: else -> rest(); REST
        fi }
    :: atomic { FAULT; die() }
    fi;

claiming:               /* calls.claim_send */
    if
    :: atomic {
        phase_as_read = 0; chargeable = false;
        if
        :: !ANSWERED_FOR_GOOD(row) && MAY_CLAIM(first_sent[row]) ->
            if
            :: first_sent[row] == NEVER -> first_sent[row] = YOUNG; only_sender[row] = me
            :: else -> only_sender[row] = NOBODY
            fi;
            printf("%e %d claims the send\n", WHO);
            goto sending
        :: else -> rest(); REST
        fi }
    :: atomic { FAULT; die() }
    fi;

sending:                /* carry._send */
    if
    :: atomic { confirm(row, answer); printf("%e %d sends, and is told %e\n", WHO, answer) }
    :: atomic { FAULT; leave_on_the_wire(); answer = UNANSWERED;
        printf("%e %d sends, and is told nothing\n", WHO) }
    :: atomic { FAULT; answer = NOTHING_HAPPENED; printf("%e %d can't send\n", WHO) }
    :: atomic { FAULT; answer = REFUSED; printf("%e %d sends, and is refused\n", WHO) }
    :: atomic { FAULT; leave_on_the_wire(); printf("%e %d sends\n", WHO); die() }
    :: atomic { FAULT; die() }
    fi;
#ifdef NO_GATE_LOCK
    held = phase[row];
#endif
    if
    :: atomic { record_send(); rest(); REST }
    :: atomic { FAULT; die() }
    fi;

fencing:                /* carry._fence */
#ifdef FENCE_KEY_WINDOW
    atomic {
        if
        :: first_cancel == NEVER -> first_cancel = YOUNG
        :: first_cancel == YOUNG
        :: else -> rest(); REST
        fi };
#endif
#ifdef NO_CLOSING_RULE
    atomic { rest(); REST };
#endif
    if
#ifdef CLOSED_WITHOUT_FENCE
    :: atomic { answer = CANCELLED }
#else
    :: atomic { cancel(answer); printf("%e %d cancels, and is told %e\n", WHO, answer) }
    :: atomic { FAULT; cancel_on_the_wire = true; answer = UNANSWERED;
        printf("%e %d cancels, and is told nothing\n", WHO) }
#endif
    :: atomic { FAULT; die() }
    fi;
#ifdef NO_GATE_LOCK
    held = phase[row];
#endif
    if
    :: atomic {
        if
        :: answer == CANCELLED -> settle(CANCELLED)
#ifdef FENCE_UNCONFIRMED
        :: answer == UNANSWERED -> settle(CANCELLED)
#endif
        :: else -> make_due(row)
        fi;
        rest(); REST }
    :: atomic { FAULT; die() }
    fi;

ending:                 /* end_session.end_session */
    if
#ifdef EXPIRY_WITHOUT_FENCE
    :: atomic { answer = CANCELLED }
#else
    :: atomic { cancel(answer); make_due(row);
        printf("%e %d ends the session, and is told %e\n", WHO, answer) }
    :: atomic { FAULT; cancel_on_the_wire = true; answer = UNANSWERED;
        printf("%e %d ends the session, and is told nothing\n", WHO) }
#endif
    :: atomic { FAULT; die() }
    fi;
    if
    :: atomic {
        if
        :: answer == CANCELLED -> record_end()
        :: answer == UNANSWERED -> session_due = true
        :: else     /* a purchase came first, and ends the session */
        fi;
        rest(); REST }
    :: atomic { FAULT; die() }
    fi;
}

/* The order's other checkout, in outline: accepted by the same rules, charged or declined at once. */
proctype OtherCheckout() {
end_other:
    atomic { !ORDER_IS_TAKEN && (INDEXES_AGREE || BOUGHT && !ONE_STARTED) ->
        other = PENDING; printf("the order's other checkout is accepted\n") };
    atomic {
        elsewhere = 1;
        printf("the order's other checkout is charged\n");
        watch_the_order();
        other_surplus = (phase[0] == CAPTURED || phase[1] == CAPTURED) && !surplus;
        other = CAPTURED
    }
}

inline both_may_be_due() {
    make_due(0);
    make_due(1)
}

#define SOMETHING_AGES (AGES(first_sent[0]) || AGES(first_sent[1]) || AGES(key[0]) || AGES(key[1]))
#define SOMETHING_IS_STALE (on_the_wire[0] == STALE || on_the_wire[1] == STALE || \
    busy[0] == STALE || busy[1] == STALE || busy[2] == STALE || busy[3] == STALE)

#define SOMETHING_GOES_ON (STARTED(phase[0]) || STARTED(phase[1]) || on_the_wire[0] || on_the_wire[1] || \
    busy[0] || busy[1] || busy[2] || busy[3])

/* Half of the key window passes. */
inline half_a_window_passes() {
    printf("half a key window passes\n");
    for (i : 0 .. 3) {
        if
        :: busy[i] == FRESH -> busy[i] = STALE
        :: else
        fi
    }
    for (i : 0 .. 1) {
        if
        :: AGES(first_sent[i]) -> first_sent[i]++
        :: else
        fi;
        if
        :: AGES(key[i]) -> key[i]++
        :: else
        fi;
        if
        :: on_the_wire[i] == FRESH -> on_the_wire[i] = STALE
        :: else
        fi
    }
#ifdef FENCE_KEY_WINDOW
    if
    :: AGES(first_cancel) -> first_cancel++
    :: else
    fi;
#endif
    i = 0;
    both_may_be_due()
}

/* What happens by itself. Every change that a look could find makes the purchase due, as its next
   poll does: looks that find nothing new are left out, so that every run ends. */
proctype World() {
    byte i;
    byte ignored;

end_world:
    do
    :: atomic { SOMETHING_AGES && !SOMETHING_IS_STALE && SOMETHING_GOES_ON -> half_a_window_passes() }
    :: atomic { (STARTED(phase[0]) || STARTED(phase[1])) && !hours_have_passed ->
        hours_have_passed = true; printf("hours pass\n"); both_may_be_due() }
    :: atomic { !expired && session == REGISTERED ->
        expired = true;
        printf("the session expires\n");
        session_due = true;
        if
        :: psp == OPEN -> psp = CANCELLED; printf("    at the PSP, too\n"); both_may_be_due()
        :: true
        fi }
    :: atomic { psp == PENDING ->
        if
        :: charge()
        :: psp = DECLINED; printf("    the PSP declines\n")
        fi;
        both_may_be_due() }
    :: atomic { on_the_wire[0] ->
        on_the_wire[0] = 0;
        if
        :: printf("a late request arrives\n"); confirm(0, ignored); ignored = 0; both_may_be_due()
        :: printf("a late request is lost\n")
        fi }
    :: atomic { on_the_wire[1] ->
        on_the_wire[1] = 0;
        if
        :: printf("a late request arrives\n"); confirm(1, ignored); ignored = 0; both_may_be_due()
        :: printf("a late request is lost\n")
        fi }
    :: atomic { cancel_on_the_wire ->
        cancel_on_the_wire = false;
        if
        :: printf("a late cancel arrives\n"); cancel(ignored); ignored = 0; both_may_be_due()
        :: printf("a late cancel is lost\n")
        fi }
    :: atomic { (busy[0] || busy[1] || busy[2] || busy[3]) && FAULT;
        printf("a lease lapses while its holder goes on\n"); both_may_be_due() }
    :: atomic { webhooks > 0 && BOUGHT ->
        webhooks--;
        receipt = WAITING;
        printf("a webhook is stored\n");
#ifdef WEBHOOK_BELIEVED
        news = psp;
#ifdef NO_SIGNATURE
        if
        :: FAULT; news = CAPTURED; printf("    it is forged\n")
        :: true
        fi
#endif
#endif
        }
#ifdef FORGETS_EARLY
    :: atomic { AGES(key[0]) && FAULT; key[0] = WHOLE; printf("the PSP forgets a key too early\n") }
#endif
#ifdef NO_SWEEPER
    :: atomic { hinted && FAULT; hinted = false; printf("the broker is flushed\n") }
#endif
#ifdef PSP_BREAKS_ITS_WORD
    :: atomic { (psp == CANCELLED || psp == DECLINED) && charges == 0 && AGES(key[0]) && FAULT;
        charge(); late_webhook = true; both_may_be_due() }
    :: atomic { late_webhook ->
        late_webhook = false;
        if
        :: receipt = WAITING; printf("a webhook is stored\n")
#ifdef ACK_BEFORE_STORE
        :: FAULT; printf("a webhook is answered, and its process dies\n")
#endif
#ifdef LATE_WEBHOOK_LOST
        :: printf("a webhook is lost\n")
#endif
        fi }
#endif
#ifdef RECONCILIATION   /* with the PSP's own list of charges */
    :: atomic { psp == CAPTURED && FAILED(phase[0]) -> phase[0] = CAPTURED;
        surplus = other == CAPTURED && !other_surplus }
#endif
    od
}

/* Once nothing can happen any more: has everything ended, and do our books say what the PSP's say? */
proctype Auditor() {
    timeout;
    atomic {
        unfinished = WATCHED(UNFINISHED) && (ONE_STARTED || receipt || late_webhook ||
            expired && session == REGISTERED);
        assert(!unfinished);
        books_differ = WATCHED(BOOKS_DIFFER) && (
            (charges > 0) != (phase[0] == CAPTURED || phase[1] == CAPTURED) ||
            charges > 0 && elsewhere > 0 && surplus == other_surplus);
        assert(!books_differ)
    }
}

init {
    byte i;
    atomic {
        only_sender[0] = NOBODY;
        only_sender[1] = NOBODY;
        for (i : 0 .. PROCESSES - 1) {
            run Process(i)
        }
        run World();
        run OtherCheckout();
        run Auditor()
    }
}
