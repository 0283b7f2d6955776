"""What can go wrong between the page and a service.

ServiceFailed
+-- ServiceUnreachable   nothing answers there
+-- ServiceLate          it answers too slowly
+-- ServiceRefused       it answers with a problem
+-- ReplyUnreadable      it answers something that the contract does not know
"""

from enum import StrEnum

from contract import Problem


class Service(StrEnum):
    """The two services that the page speaks to."""

    INFERENCE = "inference"
    CHAT = "chat"


class ServiceFailed(Exception):
    """A service gave no usable answer."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.service = service


class ServiceUnreachable(ServiceFailed):
    """Nothing answers at the service's address."""


class ServiceLate(ServiceFailed):
    """The service did not answer in time."""


class ServiceRefused(ServiceFailed):
    """The service answered with a problem, which says what to do."""

    def __init__(self, service: Service, problem: Problem) -> None:
        super().__init__(service)
        self.problem = problem


class ReplyUnreadable(ServiceFailed):
    """The service answered something else than the contract has."""
