/* The PSP: its books, and its answers to confirm and cancel. A fetch is to read `psp`. */

byte psp = OPEN;        /* its session: OPEN, PENDING, CAPTURED, DECLINED, CANCELLED */
byte charges;
byte elsewhere;         /* charges for the order's other checkout */
byte key[2];            /* how old the key of each purchase's call is to the PSP */

inline charge() {
    psp = CAPTURED;
    charges++;
    printf("    the PSP charges\n");
    charged_twice_for_a_checkout = WATCHED(CHARGED_TWICE_FOR_A_CHECKOUT) && charges > 1;
    assert(!charged_twice_for_a_checkout);
    watch_the_order();
    charged_after_failing = WATCHED(CHARGED_AFTER_FAILING) && TRUTHFUL &&
        (FAILED(phase[0]) || FAILED(phase[1]));
    assert(!charged_after_failing)
}

inline watch_the_order() {
    charged_twice_for_an_order = WATCHED(CHARGED_TWICE_FOR_AN_ORDER) && TRUTHFUL &&
        charges > 0 && elsewhere > 0;
    assert(!charged_twice_for_an_order)
}

/* A confirm arrives. A key that is remembered makes it the purchase that it was the first time. */
inline confirm(row, answer) {
    if
    :: REMEMBERED(key[row]) -> answer = psp
    :: else ->
        if
        :: psp == CANCELLED -> answer = STATE_CONFLICT
        :: psp == OPEN ->
            key[row] = YOUNG;
            if
            :: charge()
            :: psp = DECLINED; printf("    the PSP declines\n")
            :: psp = PENDING; printf("    the PSP waits for the issuer\n")
            fi;
            answer = psp
        :: psp == PENDING || psp == CAPTURED || psp == DECLINED ->
#ifndef SUCCEEDS_ONCE   /* by default a key that the PSP does not know is one more purchase to it */
            key[row] = YOUNG;
            charge();
#endif
            answer = psp
        fi
    fi
}

/* A cancel arrives. Once confirmed it is a fence: nothing will be charged any more. */
inline cancel(answer) {
    if
    :: psp == OPEN || psp == PENDING ->
        psp = CANCELLED;
        printf("    the PSP cancels\n");
        answer = CANCELLED
    :: psp == CANCELLED -> answer = CANCELLED
    :: psp == CAPTURED || psp == DECLINED -> answer = STATE_CONFLICT
    fi
}
