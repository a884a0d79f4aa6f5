/* The bounds of the model, its words, and what every guard becomes when it is taken away. */

/* Bounds: how much of the world there is. Any of them may be set with -D. */
#ifndef WEBS
#define WEBS 1          /* processes that accept Buy Now, and send what they accepted */
#endif
#ifndef WORKERS
#define WORKERS 1       /* processes that take up due work; four processes in all at most */
#endif
#ifndef FAULTS
#define FAULTS 3        /* lost or late answers, deaths, lapsed leases, ... of any kind, in all */
#endif
#ifndef WEBHOOKS
#define WEBHOOKS 1      /* webhooks that arrive on their own: late, early, twice, about nothing */
#endif
#define PROCESSES (WEBS + WORKERS)
#define NOBODY PROCESSES
mtype = { worker, web };
#define WHO (me < WEBS -> web : worker), me

/* The properties. With -DONLY=<one of them> the others are not watched. */
#define CHARGED_TWICE_FOR_A_CHECKOUT 1
#define CHARGED_TWICE_FOR_AN_ORDER 2
#define CHARGED_AFTER_FAILING 3
#define SUCCESS_WITHOUT_CHARGE 4
#define SUCCESS_UNDONE 5
#define ENDED_WITHOUT_FENCE 6
#define UNFINISHED 7
#define BOOKS_DIFFER 8
#ifndef ONLY
#define ONLY 0
#endif
#define WATCHED(property) (ONLY == 0 || ONLY == property)

/* What comes of asking the PSP, then the phases of a purchase, both from the last to the first: Promela
   numbers them so that a phase that may follow is the greater. PENDING stands for authorized, too, and
   CANCELLED for expired; nothing here depends on the difference. REFUSED is refused as invalid, which
   the PSP does not remember under the key; UNANSWERED a timeout, a reset, a 5xx, a 404. */
mtype = { UNANSWERED, REFUSED, NOTHING_HAPPENED, STATE_CONFLICT,
          ERRORED, CANCELLED, DECLINED, CAPTURED, PENDING, IN_DOUBT, SUBMITTING, OPEN };
#define NONE 0
#define STARTED(phase) (phase >= SUBMITTING && phase <= PENDING)
#define FAILED(phase) (phase >= DECLINED)
#define DEFINITE(answer) (answer != NOTHING_HAPPENED && answer != UNANSWERED)

/* Ages, in halves of the PSP's key window. A key is forgotten when it is WHOLE. */
#define NEVER 0
#define YOUNG 1
#define HALF 2
#define WHOLE 3
#define AGES(age) (age == YOUNG || age == HALF)

/* How long a process has been busy, or a request on the wire. What is STALE was there when the last
   half of a window passed, and must come to its end before the next one does: no process stands
   still, and no request travels, for longer than half of the key window. */
#define FRESH 1
#define STALE 2

/* A session's status, and a receipt's. */
#define REGISTERED 0
#define COMPLETED 1
#define EXPIRED 2
#define WAITING 1
#define TAKEN 2

/* Guards. Each can be taken away with -D; expected.toml says what becomes of it. */

#ifdef NO_KEY                       /* every send has a key of its own */
#define REMEMBERED(age) false
#else
#define REMEMBERED(age) AGES(age)
#endif

#ifdef WHOLE_WINDOW                 /* sends for the whole window instead of half of it */
#define SURELY_REMEMBERED(age) (age <= HALF)
#define SURELY_REMEMBERED_BEFORE(age) (age <= WHOLE)
#else
#define SURELY_REMEMBERED(age) (age <= YOUNG)
#define SURELY_REMEMBERED_BEFORE(age) (age <= HALF)
#endif
#ifdef NO_WINDOW_IN_RULE            /* next_step.may_send says yes whatever the key's age */
#define MAY_SEND(age) true
#else
#define MAY_SEND(age) SURELY_REMEMBERED(age)
#endif
#ifdef NO_WINDOW_IN_CLAIM           /* so does calls.claim_send, which asks by the caller's clock */
#define MAY_CLAIM(age) true
#else
#define MAY_CLAIM(age) (SURELY_REMEMBERED(age) || busy[me] == STALE && SURELY_REMEMBERED_BEFORE(age))
#endif
#ifdef CLAIM_AFTER_ANSWER           /* a call that the PSP answered for good is sent again */
#define ANSWERED_FOR_GOOD(row) false
#else
#define ANSWERED_FOR_GOOD(row) answered[row]
#endif
#ifdef NO_SUBMIT_LIMIT              /* a purchase may be sent hours after its shopper left */
#define TOO_LATE false
#else
#define TOO_LATE hours_have_passed
#endif

#ifdef PROOF_FROM_MEMORY            /* what the sender read before sending says who else has sent */
#define FIRST_AND_ONLY first_as_read
#else
#define FIRST_AND_ONLY (only_sender[row] == me)
#endif
#ifdef REFUSED_REPEAT_IS_FAILURE    /* any refusal is taken as proof that nothing happened */
#define REFUSAL_PROVES true
#else
#define REFUSAL_PROVES FIRST_AND_ONLY
#endif
#ifdef TIMEOUT_IS_FAILURE
#define AFTER_TIMEOUT ERRORED
#else
#define AFTER_TIMEOUT IN_DOUBT
#endif
#ifdef NOT_FOUND_IS_FAILURE
#define AFTER_NOT_FOUND ERRORED
#else
#define AFTER_NOT_FOUND OPEN        /* says nothing */
#endif

#ifdef FAILOVER_WITHOUT_FENCE       /* another checkout may start while this one may yet be charged */
#define ORDER_IS_TAKEN ONE_CAPTURED
#else
#define ORDER_IS_TAKEN (ONE_CAPTURED || ONE_STARTED)
#endif
#ifdef NO_UNIQUE_INDEX              /* one purchase a session, one started purchase an order */
#define INDEXES_AGREE true
#else
#define INDEXES_AGREE (!BOUGHT && !ONE_STARTED)
#endif

#ifdef LATE_SUCCESS_IGNORED
#define LEGAL(held, to) (STARTED(held) && to > held)
#else
#define LEGAL(held, to) (STARTED(held) && to > held || FAILED(held) && to == CAPTURED)
#endif
#ifdef LAST_MESSAGE_WINS            /* the gate takes what comes, whatever it holds */
#define ADVANCES(held, to) (held != to)
#else
#define ADVANCES(held, to) LEGAL(held, to)
#endif
#ifdef NO_TRIGGER                   /* the database does not refuse illegal moves */
#define TRIGGER_AGREES(held, to) true
#else
#define TRIGGER_AGREES(held, to) LEGAL(held, to)
#endif
#ifdef NO_GATE_LOCK                 /* the gate judges by what it read some time ago */
#define HELD held
#else
#define HELD phase[row]
#endif
#ifdef NO_COMPARE_AND_SWAP          /* the gate writes without comparing */
#define UNMOVED true
#else
#define UNMOVED (phase[row] == HELD)
#endif

#ifdef NO_SWEEPER                   /* due rows are found by the broker's hints alone */
#define FOUND hinted
#else
#define FOUND true
#endif
#ifdef PSP_BREAKS_ITS_WORD          /* after "declined" or "expired" the PSP may charge all the same */
#define TRUTHFUL false
#else
#define TRUTHFUL true
#endif
