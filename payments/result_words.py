"""Every word that a shopper reads, in every language: the one place to review them.

Sentences about money say what is known and no more. The page fills in {shop} and {seconds}, and
takes all else as HTML.
"""

# Quotation marks and apostrophes are those of each language:
# ruff: noqa: RUF001

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `titles` and `texts` are by state, `reasons` by PSP code or by phase."""

    language: str  # in its own words
    direction: str
    choose_language: str
    sandbox: str

    titles: dict[str, str]
    texts: dict[str, str]
    reasons: dict[str, str]
    not_charged: str
    try_again: str
    paid_before: str
    refunds_take_days: str

    unknown_title: str
    unknown_text: str

    amount: str
    amount_paid: str
    refunded: str
    refund_on_its_way: str
    shop: str
    order: str
    reference: str
    date: str
    copy: str
    copied: str

    to_purchase_page: str
    back_to_shop: str
    on_to_shop: str
    moving_on: str
    stay: str
    updates_itself: str
    stopped: str
    stop_updating: str
    check_again: str


WORDS: Final[dict[str, Words]] = {
    "en": Words(
        language="English",
        direction="ltr",
        choose_language="Language",
        sandbox="Sandbox: no real money is moved.",
        titles={
            "waiting": "Nothing bought yet",
            "closing": "This checkout is closing",
            "started": "Payment in progress",
            "choose_again": "Choose another way to pay",
            "reserved": "Amount reserved",
            "successful": "Payment successful",
            "failed": "Payment failed",
            "expired": "Checkout expired",
            "cancelled": "Checkout cancelled",
        },
        texts={
            "waiting": "This page is waiting for you to press Buy Now on the purchase page.",
            "closing": "It can no longer be paid. We are waiting for the confirmation that "
            "nothing will be charged.",
            "started": "Your bank is still answering. You will not be charged twice. "
            "You may close this page.",
            "choose_again": "This way to pay did not work. Nothing was charged. Choose "
            "another one on the purchase page.",
            "reserved": "Your bank has reserved the amount. {shop} collects it when your order "
            "is ready. You will not be charged twice. You may close this page.",
            "successful": "Thank you. Your payment to {shop} is complete.",
            "failed": "The payment could not be made.",
            "expired": "Its time passed before Buy Now was pressed.",
            "cancelled": "It was ended before anything was bought.",
        },
        reasons={
            "insufficient_funds": "Your account or card does not have enough money for this "
            "payment.",
            "card_declined": "Your bank declined the payment. It can tell you why.",
            "expired_card": "Your card has expired.",
            "issuer_unavailable": "Your bank could not be reached.",
            "declined": "The payment was declined.",
            "cancelled": "The payment was cancelled.",
            "expired": "The time for this payment ran out.",
            "errored": "The payment could not be carried out.",
        },
        not_charged="You have not been charged.",
        try_again="You can go back to {shop} and try again.",
        paid_before="This order had been paid already. {shop} is told about this second payment.",
        refunds_take_days="It can take a few days until a refund arrives.",
        unknown_title="We don't know this link",
        unknown_text="It may be incomplete. Please open it again from the shop or from its "
        "message to you.",
        amount="Amount",
        amount_paid="Amount paid",
        refunded="Refunded",
        refund_on_its_way="Refund on its way",
        shop="Shop",
        order="Order",
        reference="Reference",
        date="Date",
        copy="Copy the reference",
        copied="Copied",
        to_purchase_page="Go to the purchase page",
        back_to_shop="Back to {shop}",
        on_to_shop="Continue to {shop}",
        moving_on="You will be taken to {shop} in {seconds} s.",
        stay="Stay on this page",
        updates_itself="This page updates itself.",
        stopped="This page does not update itself now.",
        stop_updating="Stop updating",
        check_again="Check again now",
    ),
    "de": Words(
        language="Deutsch",
        direction="ltr",
        choose_language="Sprache",
        sandbox="Testumgebung: Es wird kein echtes Geld bewegt.",
        titles={
            "waiting": "Noch nichts gekauft",
            "closing": "Dieser Bezahlvorgang wird geschlossen",
            "started": "Zahlung läuft",
            "choose_again": "Bitte anders bezahlen",
            "reserved": "Betrag reserviert",
            "successful": "Zahlung erfolgreich",
            "failed": "Zahlung fehlgeschlagen",
            "expired": "Bezahlvorgang abgelaufen",
            "cancelled": "Bezahlvorgang abgebrochen",
        },
        texts={
            "waiting": "Diese Seite wartet darauf, dass Sie auf der Bezahlseite auf "
            "„Jetzt kaufen“ drücken.",
            "closing": "Hier kann nicht mehr bezahlt werden. Wir warten auf die Bestätigung, "
            "dass nichts abgebucht wird.",
            "started": "Ihre Bank hat noch nicht geantwortet. Es wird nicht doppelt abgebucht. "
            "Sie können diese Seite schließen.",
            "choose_again": "So hat die Zahlung nicht geklappt. Es wurde nichts abgebucht. "
            "Wählen Sie auf der Bezahlseite eine andere Zahlungsart.",
            "reserved": "Ihre Bank hat den Betrag reserviert. {shop} zieht ihn ein, wenn Ihre "
            "Bestellung bereit ist. Es wird nicht doppelt abgebucht. Sie können diese Seite "
            "schließen.",
            "successful": "Vielen Dank. Ihre Zahlung an {shop} ist abgeschlossen.",
            "failed": "Die Zahlung war nicht möglich.",
            "expired": "Die Zeit lief ab, bevor auf „Jetzt kaufen“ gedrückt wurde.",
            "cancelled": "Er wurde beendet, bevor etwas gekauft wurde.",
        },
        reasons={
            "insufficient_funds": "Ihr Konto oder Ihre Karte ist für diese Zahlung nicht "
            "ausreichend gedeckt.",
            "card_declined": "Ihre Bank hat die Zahlung abgelehnt. Den Grund kann sie Ihnen "
            "nennen.",
            "expired_card": "Ihre Karte ist abgelaufen.",
            "issuer_unavailable": "Ihre Bank war nicht erreichbar.",
            "declined": "Die Zahlung wurde abgelehnt.",
            "cancelled": "Die Zahlung wurde abgebrochen.",
            "expired": "Die Zeit für diese Zahlung ist abgelaufen.",
            "errored": "Die Zahlung konnte nicht ausgeführt werden.",
        },
        not_charged="Es wurde nichts abgebucht.",
        try_again="Sie können zu {shop} zurückgehen und es noch einmal versuchen.",
        paid_before="Diese Bestellung war schon bezahlt. {shop} erfährt von dieser zweiten "
        "Zahlung.",
        refunds_take_days="Bis eine Erstattung ankommt, kann es einige Tage dauern.",
        unknown_title="Diesen Link kennen wir nicht",
        unknown_text="Vielleicht ist er unvollständig. Bitte öffnen Sie ihn noch einmal aus dem "
        "Shop oder aus dessen Nachricht.",
        amount="Betrag",
        amount_paid="Bezahlter Betrag",
        refunded="Erstattet",
        refund_on_its_way="Erstattung unterwegs",
        shop="Shop",
        order="Bestellung",
        reference="Referenz",
        date="Datum",
        copy="Referenz kopieren",
        copied="Kopiert",
        to_purchase_page="Zur Bezahlseite",
        back_to_shop="Zurück zu {shop}",
        on_to_shop="Weiter zu {shop}",
        moving_on="In {seconds} s geht es weiter zu {shop}.",
        stay="Auf dieser Seite bleiben",
        updates_itself="Diese Seite aktualisiert sich selbst.",
        stopped="Diese Seite aktualisiert sich jetzt nicht selbst.",
        stop_updating="Nicht mehr aktualisieren",
        check_again="Jetzt noch einmal prüfen",
    ),
    "fr": Words(
        language="Français",
        direction="ltr",
        choose_language="Langue",
        sandbox="Environnement de test : aucun paiement réel n’est effectué.",
        titles={
            "waiting": "Rien n’a encore été acheté",
            "closing": "Ce paiement est en cours de clôture",
            "started": "Paiement en cours",
            "choose_again": "Choisissez un autre moyen de paiement",
            "reserved": "Montant réservé",
            "successful": "Paiement réussi",
            "failed": "Échec du paiement",
            "expired": "Délai de paiement expiré",
            "cancelled": "Paiement annulé",
        },
        texts={
            "waiting": "Cette page attend que vous appuyiez sur « Acheter » sur la page de "
            "paiement.",
            "closing": "Il n’est plus possible de payer. Nous attendons la confirmation que rien "
            "ne sera débité.",
            "started": "Votre banque n’a pas encore répondu. Le montant ne sera pas débité deux "
            "fois. Vous pouvez fermer cette page.",
            "choose_again": "Ce moyen de paiement n’a pas fonctionné. Rien n’a été débité. "
            "Choisissez-en un autre sur la page de paiement.",
            "reserved": "Votre banque a réservé le montant. {shop} l’encaissera quand votre "
            "commande sera prête. Le montant ne sera pas débité deux fois. Vous pouvez fermer "
            "cette page.",
            "successful": "Merci. Votre paiement à {shop} est terminé.",
            "failed": "Le paiement n’a pas pu être effectué.",
            "expired": "Le délai s’est écoulé avant l’achat.",
            "cancelled": "Il a été arrêté avant tout achat.",
        },
        reasons={
            "insufficient_funds": "Votre compte ou votre carte n’est pas suffisamment "
            "approvisionné pour ce paiement.",
            "card_declined": "Votre banque a refusé le paiement. Elle peut vous en indiquer la "
            "raison.",
            "expired_card": "Votre carte a expiré.",
            "issuer_unavailable": "Votre banque n’a pas pu être jointe.",
            "declined": "Le paiement a été refusé.",
            "cancelled": "Le paiement a été annulé.",
            "expired": "Le délai de ce paiement s’est écoulé.",
            "errored": "Le paiement n’a pas pu être exécuté.",
        },
        not_charged="Rien n’a été débité.",
        try_again="Vous pouvez revenir à {shop} et réessayer.",
        paid_before="Cette commande avait déjà été payée. Nous informons {shop} de ce second "
        "paiement.",
        refunds_take_days="Un remboursement peut mettre quelques jours à arriver.",
        unknown_title="Nous ne connaissons pas ce lien",
        unknown_text="Il est peut-être incomplet. Veuillez l’ouvrir à nouveau depuis la boutique "
        "ou depuis son message.",
        amount="Montant",
        amount_paid="Montant payé",
        refunded="Remboursé",
        refund_on_its_way="Remboursement en cours",
        shop="Boutique",
        order="Commande",
        reference="Référence",
        date="Date",
        copy="Copier la référence",
        copied="Copié",
        to_purchase_page="Aller à la page de paiement",
        back_to_shop="Retour à {shop}",
        on_to_shop="Continuer vers {shop}",
        moving_on="Vous serez redirigé vers {shop} dans {seconds} s.",
        stay="Rester sur cette page",
        updates_itself="Cette page s’actualise d’elle-même.",
        stopped="Cette page ne s’actualise plus d’elle-même.",
        stop_updating="Ne plus actualiser",
        check_again="Vérifier à nouveau",
    ),
    "es": Words(
        language="Español",
        direction="ltr",
        choose_language="Idioma",
        sandbox="Entorno de pruebas: no se mueve dinero real.",
        titles={
            "waiting": "Aún no se ha comprado nada",
            "closing": "Este pago se está cerrando",
            "started": "Pago en curso",
            "choose_again": "Elija otra forma de pago",
            "reserved": "Importe reservado",
            "successful": "Pago realizado",
            "failed": "El pago ha fallado",
            "expired": "El plazo de pago ha vencido",
            "cancelled": "Pago cancelado",
        },
        texts={
            "waiting": "Esta página espera a que pulse «Comprar ahora» en la página de pago.",
            "closing": "Ya no se puede pagar. Esperamos la confirmación de que no se cobrará nada.",
            "started": "Su banco aún no ha respondido. No se le cobrará dos veces. "
            "Puede cerrar esta página.",
            "choose_again": "Esta forma de pago no ha funcionado. No se ha cobrado nada. "
            "Elija otra en la página de pago.",
            "reserved": "Su banco ha reservado el importe. {shop} lo cobrará cuando su pedido "
            "esté listo. No se le cobrará dos veces. Puede cerrar esta página.",
            "successful": "Gracias. Su pago a {shop} se ha completado.",
            "failed": "No se ha podido realizar el pago.",
            "expired": "El plazo terminó antes de que se pulsara «Comprar ahora».",
            "cancelled": "Se canceló antes de comprar nada.",
        },
        reasons={
            "insufficient_funds": "Su cuenta o tarjeta no tiene saldo suficiente para este pago.",
            "card_declined": "Su banco ha rechazado el pago. Puede preguntarle el motivo.",
            "expired_card": "Su tarjeta ha caducado.",
            "issuer_unavailable": "No se ha podido contactar con su banco.",
            "declined": "El pago ha sido rechazado.",
            "cancelled": "El pago ha sido cancelado.",
            "expired": "El plazo para este pago ha terminado.",
            "errored": "No se ha podido ejecutar el pago.",
        },
        not_charged="No se le ha cobrado nada.",
        try_again="Puede volver a {shop} e intentarlo de nuevo.",
        paid_before="Este pedido ya estaba pagado. Se informa a {shop} de este segundo pago.",
        refunds_take_days="Un reembolso puede tardar unos días en llegar.",
        unknown_title="No conocemos este enlace",
        unknown_text="Puede que esté incompleto. Ábralo de nuevo desde la tienda o desde su "
        "mensaje.",
        amount="Importe",
        amount_paid="Importe pagado",
        refunded="Reembolsado",
        refund_on_its_way="Reembolso en curso",
        shop="Tienda",
        order="Pedido",
        reference="Referencia",
        date="Fecha",
        copy="Copiar la referencia",
        copied="Copiado",
        to_purchase_page="Ir a la página de pago",
        back_to_shop="Volver a {shop}",
        on_to_shop="Continuar a {shop}",
        moving_on="En {seconds} s irá a {shop}.",
        stay="Quedarse en esta página",
        updates_itself="Esta página se actualiza sola.",
        stopped="Esta página ya no se actualiza sola.",
        stop_updating="No actualizar más",
        check_again="Comprobar de nuevo",
    ),
    "nl": Words(
        language="Nederlands",
        direction="ltr",
        choose_language="Taal",
        sandbox="Testomgeving: er wordt geen echt geld verplaatst.",
        titles={
            "waiting": "Nog niets gekocht",
            "closing": "Deze betaling wordt afgesloten",
            "started": "Betaling loopt",
            "choose_again": "Kies een andere betaalwijze",
            "reserved": "Bedrag gereserveerd",
            "successful": "Betaling gelukt",
            "failed": "Betaling mislukt",
            "expired": "Betaling verlopen",
            "cancelled": "Betaling geannuleerd",
        },
        texts={
            "waiting": "Deze pagina wacht tot u op de betaalpagina op ‘Nu kopen’ drukt.",
            "closing": "Betalen kan niet meer. We wachten op de bevestiging dat er niets wordt "
            "afgeschreven.",
            "started": "Uw bank heeft nog niet geantwoord. Er wordt niet dubbel afgeschreven. "
            "U kunt deze pagina sluiten.",
            "choose_again": "Deze betaalwijze werkte niet. Er is niets afgeschreven. Kies een "
            "andere op de betaalpagina.",
            "reserved": "Uw bank heeft het bedrag gereserveerd. {shop} int het wanneer uw "
            "bestelling klaar is. Er wordt niet dubbel afgeschreven. U kunt deze pagina sluiten.",
            "successful": "Dank u wel. Uw betaling aan {shop} is voltooid.",
            "failed": "De betaling kon niet worden gedaan.",
            "expired": "De tijd was om voordat er op ‘Nu kopen’ werd gedrukt.",
            "cancelled": "De betaling is beëindigd voordat er iets werd gekocht.",
        },
        reasons={
            "insufficient_funds": "Uw rekening of kaart heeft onvoldoende saldo voor deze "
            "betaling.",
            "card_declined": "Uw bank heeft de betaling geweigerd. Uw bank kan u vertellen waarom.",
            "expired_card": "Uw kaart is verlopen.",
            "issuer_unavailable": "Uw bank was niet bereikbaar.",
            "declined": "De betaling is geweigerd.",
            "cancelled": "De betaling is geannuleerd.",
            "expired": "De tijd voor deze betaling is verstreken.",
            "errored": "De betaling kon niet worden uitgevoerd.",
        },
        not_charged="Er is niets afgeschreven.",
        try_again="U kunt teruggaan naar {shop} en het opnieuw proberen.",
        paid_before="Deze bestelling was al betaald. {shop} krijgt bericht van deze tweede "
        "betaling.",
        refunds_take_days="Het kan enkele dagen duren voordat een terugbetaling aankomt.",
        unknown_title="We kennen deze link niet",
        unknown_text="Misschien is hij onvolledig. Open hem opnieuw vanuit de winkel of vanuit "
        "het bericht van de winkel.",
        amount="Bedrag",
        amount_paid="Betaald bedrag",
        refunded="Terugbetaald",
        refund_on_its_way="Terugbetaling onderweg",
        shop="Winkel",
        order="Bestelling",
        reference="Kenmerk",
        date="Datum",
        copy="Kenmerk kopiëren",
        copied="Gekopieerd",
        to_purchase_page="Naar de betaalpagina",
        back_to_shop="Terug naar {shop}",
        on_to_shop="Verder naar {shop}",
        moving_on="Over {seconds} s gaat u naar {shop}.",
        stay="Op deze pagina blijven",
        updates_itself="Deze pagina werkt zichzelf bij.",
        stopped="Deze pagina werkt zichzelf nu niet bij.",
        stop_updating="Niet meer bijwerken",
        check_again="Nu opnieuw controleren",
    ),
    "ar": Words(
        language="العربية",
        direction="rtl",
        choose_language="اللغة",
        sandbox="بيئة تجريبية: لا تُنقل أي أموال حقيقية.",
        titles={
            "waiting": "لم يتم شراء أي شيء بعد",
            "closing": "يجري إغلاق عملية الدفع هذه",
            "started": "الدفع قيد التنفيذ",
            "choose_again": "اختر طريقة دفع أخرى",
            "reserved": "تم حجز المبلغ",
            "successful": "تم الدفع بنجاح",
            "failed": "فشل الدفع",
            "expired": "انتهت مهلة الدفع",
            "cancelled": "أُلغيت عملية الدفع",
        },
        texts={
            "waiting": "تنتظر هذه الصفحة أن تضغط على «اشترِ الآن» في صفحة الدفع.",
            "closing": "لم يعد الدفع ممكنًا. ننتظر التأكيد بأنه لن يُخصم أي مبلغ.",
            "started": "لم يُجب مصرفك بعد. لن يُخصم المبلغ مرتين. يمكنك إغلاق هذه الصفحة.",
            "choose_again": "لم تنجح طريقة الدفع هذه. لم يُخصم أي مبلغ. اختر طريقة أخرى في "
            "صفحة الدفع.",
            "reserved": "حجز مصرفك المبلغ. سيحصّله {shop} عندما يصبح طلبك جاهزًا. "
            "لن يُخصم المبلغ مرتين. يمكنك إغلاق هذه الصفحة.",
            "successful": "شكرًا لك. اكتملت دفعتك إلى {shop}.",
            "failed": "تعذّر إجراء الدفع.",
            "expired": "انتهت المهلة قبل الضغط على «اشترِ الآن».",
            "cancelled": "أُنهيت قبل شراء أي شيء.",
        },
        reasons={
            "insufficient_funds": "رصيد حسابك أو بطاقتك لا يكفي لهذه الدفعة.",
            "card_declined": "رفض مصرفك الدفعة. يمكنه أن يخبرك بالسبب.",
            "expired_card": "انتهت صلاحية بطاقتك.",
            "issuer_unavailable": "تعذّر الاتصال بمصرفك.",
            "declined": "رُفضت الدفعة.",
            "cancelled": "أُلغيت الدفعة.",
            "expired": "انتهت مهلة هذه الدفعة.",
            "errored": "تعذّر تنفيذ الدفعة.",
        },
        not_charged="لم يُخصم منك أي مبلغ.",
        try_again="يمكنك العودة إلى {shop} والمحاولة من جديد.",
        paid_before="كان هذا الطلب مدفوعًا من قبل. سنُبلغ {shop} بهذه الدفعة الثانية.",
        refunds_take_days="قد يستغرق وصول المبلغ المُعاد بضعة أيام.",
        unknown_title="لا نعرف هذا الرابط",
        unknown_text="قد يكون الرابط غير مكتمل. يُرجى فتحه من جديد من المتجر أو من رسالته إليك.",
        amount="المبلغ",
        amount_paid="المبلغ المدفوع",
        refunded="المبلغ المُعاد",
        refund_on_its_way="مبلغ قيد الإعادة",
        shop="المتجر",
        order="الطلب",
        reference="المرجع",
        date="التاريخ",
        copy="نسخ المرجع",
        copied="تم النسخ",
        to_purchase_page="إلى صفحة الدفع",
        back_to_shop="العودة إلى {shop}",
        on_to_shop="المتابعة إلى {shop}",
        moving_on="ستنتقل إلى {shop} خلال {seconds} ث.",
        stay="البقاء في هذه الصفحة",
        updates_itself="تُحدَّث هذه الصفحة تلقائيًا.",
        stopped="لا تُحدَّث هذه الصفحة تلقائيًا الآن.",
        stop_updating="إيقاف التحديث",
        check_again="التحقق الآن من جديد",
    ),
}
