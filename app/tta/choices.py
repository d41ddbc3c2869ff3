"""The words of the form's choices, as they are sent and stored; `drawing.LABELS` says them to people."""

from enum import StrEnum


class AgencyType(StrEnum):
    """What sort of organisation asks."""

    MUNICIPAL_POLICE = "municipal_police"
    SHERIFF = "sheriff"
    STATE_POLICE = "state_police"
    CAMPUS_POLICE = "campus_police"
    TRIBAL_POLICE = "tribal_police"
    TRANSIT_OR_SPECIAL_DISTRICT = "transit_or_special_district"
    CORRECTIONS_OR_JAIL = "corrections_or_jail"
    EMERGENCY_COMMUNICATIONS = "emergency_communications"
    COURT_OR_PROSECUTOR = "court_or_prosecutor"
    BEHAVIORAL_HEALTH_AUTHORITY = "behavioral_health_authority"
    NONPROFIT_PROVIDER = "nonprofit_provider"
    ADVOCACY = "advocacy"
    STATE_AGENCY = "state_agency"
    OTHER = "other"


class PopulationBand(StrEnum):
    """People served, in bands."""

    UNDER_10K = "under_10k"
    FROM_10K = "10k_50k"
    FROM_50K = "50k_250k"
    FROM_250K = "250k_1m"
    OVER_1M = "over_1m"


class RequestKind(StrEnum):
    """What is asked for, in one word."""

    START = "start"
    ENHANCE = "enhance"
    VISIT = "visit"
    TRAINING = "training"
    QUESTION = "question"


class ProblemType(StrEnum):
    """What drives the request."""

    SAFETY = "safety"
    REPEAT_CALLS = "repeat_calls"
    RESOURCES = "resources"
    OUTCOMES = "outcomes"
    OTHER = "other"


class Urgency(StrEnum):
    """How soon help is needed. Not for emergencies."""

    ROUTINE = "routine"
    SOON = "soon"
    URGENT = "urgent"


class DeliveryMode(StrEnum):
    """How help can be given."""

    EMAIL_CONSULTATION = "email_consultation"
    REMOTE_CONSULTATION = "remote_consultation"
    SITE_VISIT = "site_visit"
    ONSITE_ASSISTANCE = "onsite_assistance"
    PEER_EXCHANGE = "peer_exchange"
    DOCUMENT_REVIEW = "document_review"
    TRAINING = "training"
    RESOURCE_REFERRAL = "resource_referral"


class GrantProgram(StrEnum):
    """A BJA grant that the request is connected with."""

    NONE = "none"
    JMHCP = "jmhcp"
    CONNECT_AND_PROTECT = "connect_and_protect"
    OTHER = "other"
