"""Calls of those who ask for help and of those who give it: requests, keys, webhooks, a sandbox, the desk."""

from typing import Any

from tests.docs.call import DRAIN, NOT_YET, Call

NOBODY = "00000000-0000-7000-8000-000000000000"
REQUEST: dict[str, Any] = {
    "contact": {"name": "Jo Doe", "email": "jo.doe@springfield.gov", "phone": "410-555-0100"},
    "agency": {"name": "Springfield Police Department", "type": "municipal_police", "state": "IL"},
    "topics": ["cit-training"],
    "description": "We want to begin CIT training and would like to see how a city of our size did it.",
}
FROM_A_SYSTEM = {
    **REQUEST,
    "external_ref": "CASE-4711",
    "program_types": ["co-responder-team"],
    "delivery_modes": ["site_visit"],
    "learning_sites": ["madison-police-department"],
}
QUESTION = {
    "kind": "question",
    "name": "Jo Doe",
    "email": "jo.doe@springfield.gov",
    "subject": "Size of a team",
    "message": "How many officers does a co-responder team need to begin with?",
}
POLICY = {
    **QUESTION,
    "kind": "policy",
    "subject": "Our crisis response policy",
    "message": "Here is the policy that we wrote with our county's crisis center.",
    "may_be_shared": True,
    "nothing_personal": True,
    "attachments": [{"filename": "policy.pdf", "media_type": "application/pdf"}],
}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def missing(*operations: str, parameter: str, **more: Any) -> list[Call]:
    """Operations asked for something that nobody has."""
    return [
        Call(name, "not_found", "What is not there, or not yours", path={parameter: NOBODY}, status=404, **more)
        for name in operations
    ]


ASKING: list[Call | str] = [
    Call("getTTARequestForm", "form", "The form, to be drawn"),
    Call("getTTARequestForm", "no_such_edition", NOT_YET, query={"edition": 999}, status=404),
    Call("getTTARequestLifecycle", "lifecycle", "Every step, and who may take it"),
    Call("submitTTARequest", "dry_run", "The verdict, and nothing written", query={"dry_run": True}, body=REQUEST),
    Call("submitTTARequest", "submitted", "An agency asks, without a key", body=REQUEST,
         headers={"Idempotency-Key": "5b8f4d52-a-form"}, status=201),
    Call("submitTTARequest", "refused", "Everything that is wrong, at once", status=422,
         body={**REQUEST, "contact": {"name": "Jo Doe", "email": "jo.doe"}, "topics": ["no-such-topic"]}),
    Call("submitTTARequest", "by_a_partner", "A partner's system asks for an agency", key="partner", body=FROM_A_SYSTEM,
         headers={"Idempotency-Key": "5b8f4d52-case-4711"}, status=201),
    Call("submitTTARequest", "asked_before", "A reference that was used before", key="partner", body=FROM_A_SYSTEM,
         headers={"Idempotency-Key": "5b8f4d52-case-4711-again"}, status=409),
    Call("getTTARequest", "by_token", "Read with the token of the receipt", path={"name": "$submitted.id"},
         headers={"X-Status-Token": "$submitted.status_token"}),
    *missing("getTTARequest", "getTTARequestTimeline", parameter="name", key="partner"),
    *missing("actOnTTARequest", parameter="name", key="staff", body={"action": "review"}),
    *missing("writeAboutTTARequest", parameter="name", key="staff", body={"words": "Are you there?"}),
    Call("actOnTTARequest", "confirm", "Staff confirm: the promise is kept", path={"name": "$submitted.id"},
         key="staff", body={"action": "confirm", "helper": "Maria Lopez", "next_step": "Maria will call on Thursday."}),
    Call("actOnTTARequest", "not_now", "A move that is not open", path={"name": "$submitted.id"}, key="staff",
         body={"action": "deliver"}, status=409),
    Call("acknowledgeTTAConfirmation", "heard", "The agency has it", path={"name": "$submitted.id"},
         headers={"X-Status-Token": "$submitted.status_token"}),
    *missing("acknowledgeTTAConfirmation", parameter="name", key="partner"),
    Call("acknowledgeTTAConfirmation", "not_yet", "Nothing is confirmed yet", path={"name": "$by_a_partner.id"},
         key="partner", status=409),
    Call("listSilences", "silences", "What was not heard yet", key="partner", query={"limit": 2}),
    Call("writeAboutTTARequest", "message", "Words to the agency", path={"name": "$submitted.id"}, key="staff",
         body={"words": "Would Thursday at ten suit you?"}, status=201),
    Call("getTTARequestTimeline", "timeline", "What happened so far", path={"name": "$submitted.id"}, key="staff"),
    Call("listTTARequests", "queue", "The queue: what is due first", key="staff", query={"sort": "due_at", "limit": 1}),
    Call("listTTARequests", "refused", "A status that there is not", key="staff", query={"status": "lost"}, status=422),
    Call("countTTARequests", "counts", "How many stand where", key="staff"),
    Call("listTTATasks", "tasks", "What else is to be done", key="staff"),
    Call("getConfirmationServiceLevel", "too_few", "Too few to say"),
    Call("getSigningKeys", "keys", "The keys that sign receipts"),
]  # fmt: skip

CONTACT: list[Call | str] = [
    Call("submitContact", "question", "A question", body=QUESTION, status=201),
    Call("submitContact", "policy", "A policy for others to use, with a file to follow", body=POLICY, status=201),
    Call("submitContact", "refused", "A policy that may not be shared", body={**POLICY, "may_be_shared": False},
         status=422),
    Call("uploadAttachment", "uploaded", "The bytes of the file",
         path={"submission_id": "$policy.id", "attachment_id": "$policy.attachments.0.id"}, content=PDF,
         headers={"X-Status-Token": "$policy.status_token", "Content-Type": "application/pdf"}),
    Call("uploadAttachment", "once_only", "Other bytes than those that came",
         path={"submission_id": "$policy.id", "attachment_id": "$policy.attachments.0.id"}, content=PDF + b"%",
         headers={"X-Status-Token": "$policy.status_token", "Content-Type": "application/pdf"}, status=409),
    Call("uploadAttachment", "not_found", "What is not there, or not yours",
         path={"submission_id": NOBODY, "attachment_id": NOBODY}, content=PDF,
         headers={"Content-Type": "application/pdf"}, key="partner", status=404),
    Call("downloadAttachment", "not_found", "What is not there, or not yours",
         path={"submission_id": NOBODY, "attachment_id": NOBODY}, key="partner", status=404),
    Call("getContactSubmission", "by_token", "Read with the token of the receipt",
         path={"submission_id": "$question.id"}, headers={"X-Status-Token": "$question.status_token"}),
    *missing("getContactSubmission", parameter="submission_id", key="staff"),
    *missing("actOnContactSubmission", parameter="submission_id", key="staff", body={"action": "review"}),
    Call("actOnContactSubmission", "answer", "Staff answer", path={"submission_id": "$question.id"}, key="staff",
         body={"action": "answer", "words": "Two are enough to begin with, we would say."}),
    Call("actOnContactSubmission", "not_now", "A move that is not open", path={"submission_id": "$question.id"},
         key="staff", body={"action": "accept", "words": "Thank you for sending this."}, status=409),
    Call("listContactSubmissions", "newest", "The newest", key="staff", query={"limit": 1}),
]  # fmt: skip

KEYS: list[Call | str] = [
    Call("getWhoAmI", "partner", "A partner's key", key="partner"),
    Call("createOwner", "owner", "A partner's system", key="staff", status=201,
         body={"kind": "partner", "name": "Ohio Crisis Line", "contact_email": "it@crisisline.example.org"}),
    Call("createOwner", "not_allowed", "A key that may not", key="partner", body={"kind": "partner", "name": "Me"},
         status=403),
    Call("getOwner", "owner", "One owner", key="staff", path={"owner_id": "$owner.id"}),
    *missing("getOwner", parameter="owner_id", key="staff"),
    Call("changeOwner", "address", "Whom to write to from now on", key="staff", path={"owner_id": "$owner.id"},
         body={"contact_email": "desk@crisisline.example.org"}),
    *missing("changeOwner", parameter="owner_id", key="staff", body={}),
    Call("listOwners", "newest", "The newest", key="staff", query={"limit": 1}),
    Call("createKey", "key_made", "A key that may do two things", key="staff", status=201,
         body={"owner_id": "$owner.id", "label": "Intake server", "scopes": ["tta:read", "tta:submit"]}),
    Call("createKey", "refused", "An owner that is not there", key="staff", body={"owner_id": NOBODY}, status=422),
    Call("getKey", "key", "What is known of a key", key="staff", path={"key_id": "$key_made.id"}),
    Call("listKeys", "newest", "The newest", key="staff", query={"limit": 1}),
    Call("rotateKey", "rotated", "A new key; the old one works for a day", key="staff", path={"key_id": "$key_made.id"},
         body={"overlap_hours": 24}, status=201),
    Call("revokeKey", "revoked", "A key that was lost", key="staff", path={"key_id": "$key_made.id"}),
    Call("rotateKey", "revoked", "A key that works no more", key="staff", path={"key_id": "$key_made.id"}, body={},
         status=409),
    *missing("getKey", "revokeKey", parameter="key_id", key="staff"),
    *missing("rotateKey", parameter="key_id", key="staff", body={}),
    Call("listAudit", "newest", "What happened last", key="staff", query={"limit": 1}),
]  # fmt: skip

WEBHOOKS: list[Call | str] = [
    DRAIN,
    Call("listEvents", "feed", "Your events from the beginning", key="partner", query={"after": 0, "limit": 1}),
    Call("createWebhookEndpoint", "endpoint", "Be told of confirmations", key="partner", status=201,
         body={"url": "https://partner.example/hooks", "event_types": ["tta.confirmed"]}),
    Call("createWebhookEndpoint", "refused", "A private address", key="partner", status=422,
         body={"url": "https://10.0.0.1/hooks"}),
    Call("listWebhookEndpoints", "endpoints", "Your endpoints", key="partner"),
    Call("getWebhookEndpoint", "one", "One of them", key="partner", path={"endpoint_id": "$endpoint.id"}),
    Call("changeWebhookEndpoint", "described", "Say what it is for", key="partner",
         path={"endpoint_id": "$endpoint.id"}, body={"description": "Our case system"}),
    Call("rotateWebhookSecret", "rotated", "A new secret; both sign for a day", key="partner",
         path={"endpoint_id": "$endpoint.id"}, body={"overlap_hours": 24}),
    Call("testWebhookEndpoint", "ping", "A test event is on its way", key="partner",
         path={"endpoint_id": "$endpoint.id"}, status=202),
    Call("listDeliveries", "newest", "The newest", key="partner", query={"limit": 1}),
    Call("getDelivery", "one", "One delivery, with every attempt", key="partner",
         path={"delivery_id": "$ping.delivery_id"}),
    Call("repeatDelivery", "again", "Once more", key="partner", path={"delivery_id": "$ping.delivery_id"}, status=202),
    Call("repeatDeliveries", "failed", "What failed, from the beginning", key="partner", status=202,
         body={"endpoint_id": "$endpoint.id", "after": 0}),
    Call("changeWebhookEndpoint", "paused", "Hold deliveries back", key="partner",
         path={"endpoint_id": "$endpoint.id"}, body={"status": "paused"}),
    Call("testWebhookEndpoint", "paused", "An endpoint that is paused", key="partner",
         path={"endpoint_id": "$endpoint.id"}, status=409),
    Call("changeWebhookEndpoint", "disabled", "Want nothing more", key="partner",
         path={"endpoint_id": "$endpoint.id"}, body={"status": "disabled"}),
    Call("repeatDelivery", "disabled", "To an endpoint that is disabled", key="partner",
         path={"delivery_id": "$ping.delivery_id"}, status=409),
    Call("repeatDeliveries", "disabled", "To an endpoint that is disabled", key="partner", status=409,
         body={"endpoint_id": "$endpoint.id", "after": 0}),
    Call("deleteWebhookEndpoint", "deleted", "Forget it", key="partner", path={"endpoint_id": "$endpoint.id"},
         status=204),
    *missing("getWebhookEndpoint", "testWebhookEndpoint", "deleteWebhookEndpoint", parameter="endpoint_id",
             key="partner"),
    *missing("changeWebhookEndpoint", "rotateWebhookSecret", parameter="endpoint_id", key="partner", body={}),
    *missing("getDelivery", "repeatDelivery", parameter="delivery_id", key="partner"),
    Call("repeatDeliveries", "not_found", "An endpoint that is not yours", key="partner", status=404,
         body={"endpoint_id": NOBODY, "after": 0}),
]  # fmt: skip

IN_THE_SANDBOX = {"Authorization": "Bearer $sandbox.key"}
SANDBOX: list[Call | str] = [
    Call("createSandbox", "sandbox", "A world of your own", status=201),
    Call("submitTTARequest", "in_a_sandbox", "The same, in a sandbox", body=REQUEST, status=201,
         headers={**IN_THE_SANDBOX, "Idempotency-Key": "5b8f4d52-sandbox"}),
    Call("tellSandboxDesk", "confirm", "Let the desk confirm", headers=IN_THE_SANDBOX,
         body={"request": "$in_a_sandbox.id", "action": "confirm", "helper": "Maria Lopez from our desk",
               "next_step": "Maria will call on Thursday."}),
    Call("tellSandboxDesk", "not_now", "A move that is not open", headers=IN_THE_SANDBOX, status=409,
         body={"request": "$in_a_sandbox.id", "action": "deliver"}),
    Call("tellSandboxDesk", "not_found", "A request of another world", headers=IN_THE_SANDBOX, status=404,
         body={"request": "$submitted.id", "action": "review"}),
    Call("advanceSandboxClock", "a_day_and_a_half", "Thirty-seven hours pass", headers=IN_THE_SANDBOX,
         body={"advance": "PT37H"}),
    Call("advanceSandboxClock", "refused", "Time does not run backwards", headers=IN_THE_SANDBOX,
         body={"advance": "-PT1H"}, status=422),
    Call("listSandboxMail", "mail", "The letters that would have gone out", headers=IN_THE_SANDBOX),
    Call("listSandboxWebhooks", "inbox", "The webhooks that would have gone out", headers=IN_THE_SANDBOX),
    Call("getSandbox", "sandbox_later", "How the world stands", headers=IN_THE_SANDBOX),
    *[Call(name, "no_sandbox", "A key that is not of a sandbox", key="partner", status=404)
      for name in ("getSandbox", "deleteSandbox", "listSandboxMail", "listSandboxWebhooks")],
    Call("advanceSandboxClock", "no_sandbox", "A key that is not of a sandbox", key="partner", status=404,
         body={"advance": "PT37H"}),
    Call("deleteSandbox", "gone", "Throw it away", headers=IN_THE_SANDBOX, status=204),
]  # fmt: skip

PARTNER_CALLS = [*ASKING, *CONTACT, *KEYS, *WEBHOOKS, *SANDBOX]
