import pickle

import pytest

from auditapp.lib.errors import (
    AppError,
    Busy,
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    Outside,
    Problem,
)


@pytest.mark.parametrize("kind", [NotFound, NotAllowed, Invalid, Conflict, Busy, Outside])
def test_every_error_has_its_own_sentence_for_the_person_on_the_page(kind):
    assert issubclass(kind, AppError)
    assert kind().message == kind.__doc__
    assert kind().message != AppError.__doc__
    assert kind().message.endswith(".")


def test_docstring_of_a_subclass_becomes_its_message_on_one_line():
    class SourceIsPaused(Conflict):
        """This source is paused.
        Resume it first.

        Raised by the inbox; this paragraph is for developers.
        """

    assert str(SourceIsPaused()) == "This source is paused. Resume it first."


def test_subclass_without_docstring_speaks_with_its_parents_sentence():
    class Nameless(Busy):
        pass

    assert Nameless().message == Busy.__doc__


def test_message_given_wins_over_the_docstring():
    assert NotFound("No such event.").message == "No such event."


def test_invalid_alone_lists_itself_as_its_only_problem():
    error = Invalid("Too long.", pointer="/name", field="name", code="too_long")
    assert error.problems == (Problem("/name", "Too long."),)
    assert (error.field, error.code) == ("name", "too_long")


def test_invalid_with_many_problems_speaks_with_the_first():
    problems = [Problem("/a", "Missing."), Problem("/b", "Too long.")]
    error = Invalid(problems=iter(problems))
    assert error.message == "Missing."
    assert error.pointer == "/a"
    assert error.problems == tuple(problems)


def test_outside_failure_may_be_tried_again_unless_said_otherwise():
    assert Outside().permanent is False
    assert Outside("Gone.", permanent=True).permanent is True


@pytest.mark.parametrize(
    "error",
    [
        Outside("Gone.", permanent=True),
        Invalid("No.", pointer="/x", field="x", code="bad"),
    ],
)
def test_errors_survive_pickling(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), vars(copy)) == (str(error), vars(error))
