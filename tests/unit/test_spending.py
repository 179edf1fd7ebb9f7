"""By which words a write spends or sends: on labelled writes of others, and on look-alikes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pgagents.importer.nature import why_spends

LABELS = Path(__file__).parents[1] / "data" / "spending" / "labels.tsv"
PRECISION, RECALL = 0.85, 0.85


def test_labelled_writes_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    with LABELS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    withheld = [
        row for row in rows if why_spends(row["method"], row["operationId"], row["path"], row["text"])
    ]
    right = [row for row in withheld if row["label"] != "no"]
    precision, recall = len(right) / len(withheld), len(right) / sum(row["label"] != "no" for row in rows)
    with capsys.disabled():
        print(f"\nspending: precision {precision:.2f}, recall {recall:.2f} of {len(rows)} writes")
    assert precision >= PRECISION
    assert recall >= RECALL


@pytest.mark.parametrize(
    ("method", "name", "path", "text", "kind"),
    [
        ("POST", "transcribe", "/notes/{id}/texts", "Costs 3 cents a minute, charged at once.", "costs"),
        ("POST", "", "/invoices/{id}/pay", "", "costs"),
        ("POST", "PostCharges", "/v1/charges", "", "costs"),
        ("POST", "buyANumber", "/number", "", "costs"),
        ("PUT", "createBankTransfer", "/BankTransfers", "", "costs"),
        ("POST", "confirm", "/payment_intents/{intent}/confirm", "", "costs"),
        ("POST", "generate", "/images", "Makes a picture. Each call costs one credit.", "costs"),
        ("POST", "makeLabel", "/labels", "This request will incur a charge.", "costs"),
        ("POST", "x", "/x", "You will be billed for each page.", "costs"),
        ("POST", "sendInvoice", "/documents/{id}", "", "sends"),
        ("POST", "", "/members/{id}/resend_invite", "", "sends"),
        ("POST", "remind", "/x", "An e-mail with the item's title is sent to the address.", "sends"),
        ("POST", "add", "/teams/{id}/memberships", "<p>Invites a new <b>member</b> by mail.</p>", "sends"),
        ("POST", "create", "/messages", "Send a [message](https://x.example)", "sends"),
        # things, and what is said of something else
        ("POST", "createPaymentMethod", "/payment_methods", "Adds a card.", ""),
        ("POST", "setBillingAddress", "/billing_address", "Sets the billing address.", ""),
        ("POST", "onPayment", "/payment-events", "Takes payment events.", ""),
        ("POST", "createPayRun", "/PayRuns", "Makes a pay run.", ""),
        ("POST", "updatePurchaseOrder", "/purchase-orders", "Changes a purchase order.", ""),
        ("POST", "postChargeStation", "/stations", "Adds a charge station.", ""),
        ("POST", "sendEvents", "/events/send", "Sends events.", ""),
        ("POST", "addWebhook", "/webhooks", "Sends a notification to the URL of the webhook.", ""),
        ("POST", "create", "/emails/templates", "Creates a template for an e-mail.", ""),
        ("POST", "read", "/read", "You can send an SMS with another call. This one costs nothing.", ""),
        ("POST", "try", "/try", "The customer is not charged. No e-mail is sent.", ""),
        ("POST", "add", "/people", "If notify is set, an invitation is sent.", ""),
        ("POST", "create_order", "/orders", "Places an order in the cart.", ""),
        ("DELETE", "cancelPayment", "/payments/{id}", "You will be charged a fee.", ""),
    ],
)  # fmt: skip
def test_a_verb_with_its_object_or_a_sentence_of_this_call_is_needed(
    method: str, name: str, path: str, text: str, kind: str
) -> None:
    assert why_spends(method, name, path, text).kind == kind


def test_a_long_or_hostile_text_is_read_in_part() -> None:
    assert why_spends("POST", "", "/x", f"{'Reads. ' * 8}Costs 3 cents.").kind == "costs"
    assert not why_spends("POST", "", "/x", f"{'x' * 2_000} Costs 3 cents.")
    for text in ("an email " + "a-" * 200_000, "(" * 100_000, "<" * 100_000, "[" * 100_000):
        assert not why_spends("POST", text, text, text)
