/* The database: its rows, and the transactions that change them. Each is atomic and durable.

   Arrays have a place for every purchase; the second is used only where guards are missing. */

byte rows;                  /* purchases begun */
byte phase[2];
bool due[2];                /* there may be something to do for the purchase */
byte first_sent[2];         /* its call's age by our clock */
byte only_sender[2];        /* whose send is both the first and the last of the call, or NOBODY */
bool answered[2];           /* the last outcome of the call is one that the PSP gave for good */
bool surplus;
byte session;
bool session_due;
byte receipt;               /* the webhook's */
byte other;                 /* the order's other checkout: its purchase's phase */
bool other_surplus;
#ifdef NO_SWEEPER
bool hinted;                /* the broker holds a hint */
#endif

#define BOUGHT (phase[0] != NONE || phase[1] != NONE)
#define ONE_STARTED (STARTED(phase[0]) || STARTED(phase[1]) || STARTED(other))
#define ONE_CAPTURED (phase[0] == CAPTURED || phase[1] == CAPTURED || other == CAPTURED)

/* The row is due as long as the purchase is started. */
inline make_due(row) {
    due[row] = due[row] || STARTED(phase[row]);
#ifdef NO_SWEEPER
    hinted = true
#endif
}

/* buy_now.accept_buy_now: purchase, event and call in one statement. */
inline store() {
    row = rows;
    rows++;
    busy[me] = FRESH;
#ifndef SEND_BEFORE_STORE
    phase[row] = SUBMITTING
#endif
}

/* settle.apply_report: the gate. What does not advance changes nothing. */
inline settle(to) {
    if
    :: to != OPEN && ADVANCES(HELD, to) && UNMOVED && TRIGGER_AGREES(phase[row], to) ->
        success_undone = WATCHED(SUCCESS_UNDONE) && phase[row] == CAPTURED;
        assert(!success_undone);
        printf("%e %d moves the purchase from %e to %e\n", WHO, phase[row], to);
        phase[row] = to;
        due[row] = false;
        make_due(row);
        if
        :: to == CAPTURED ->
            success_without_charge = WATCHED(SUCCESS_WITHOUT_CHARGE) && charges == 0;
            assert(!success_without_charge);
            surplus = other == CAPTURED && !other_surplus
        :: else
        fi;
        if
        :: !STARTED(to) && session == REGISTERED -> session = COMPLETED
        :: else
        fi
    :: else
    fi
}

/* calls.finish_call and carry._conclude: what came of a send, in one transaction. */
inline record_send() {
#ifdef SEND_BEFORE_STORE
    if
    :: phase[row] == NONE -> phase[row] = SUBMITTING
    :: else
    fi;
#endif
    answered[row] = DEFINITE(answer);
    if
    :: answer == NOTHING_HAPPENED ->
        if
        :: FIRST_AND_ONLY -> first_sent[row] = NEVER
        :: else
        fi
    :: answer == REFUSED && REFUSAL_PROVES -> settle(ERRORED)
    :: answer == UNANSWERED -> settle(AFTER_TIMEOUT)
    :: answer == STATE_CONFLICT || answer == REFUSED && !(REFUSAL_PROVES) -> settle(IN_DOUBT)
    :: else -> settle(answer)
    fi;
    make_due(row);
    forget_the_send()
}

/* Nobody will ask any more whether this process was the only sender. */
inline forget_the_send() {
    if
    :: only_sender[row] == me -> only_sender[row] = NOBODY
    :: else
    fi
}

/* end_session._record_end, unless a purchase came first. */
inline record_end() {
    if
    :: session == REGISTERED && !BOUGHT ->
        session = EXPIRED;
        ended_without_fence = WATCHED(ENDED_WITHOUT_FENCE) && psp != CANCELLED;
        assert(!ended_without_fence)
    :: else
    fi
}
