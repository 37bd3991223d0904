"""Subjects, courses, chapters and assessments. The titles are in `courses.toml`."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from sample_data.randomness import generator

COURSES = Path(__file__).with_name("courses.toml")
CREDITS = {"introductory": (4, 5, 6), "intermediate": (5, 6, 8), "advanced": (6, 8, 10)}


@dataclass(frozen=True, slots=True)
class Assessment:
    """A quiz, assignment or exam; `difficulty` is in points of the score."""

    assessment_id: int
    title: str
    kind: str
    pass_score: Decimal
    difficulty: float


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter and its one to three assessments."""

    chapter_id: int
    number: int
    title: str
    assessments: list[Assessment]


@dataclass(frozen=True, slots=True)
class Course:
    """A course with its chapters in order."""

    course_id: int
    title: str
    description: str
    level: str
    credits: int
    subjects: list[str]
    chapters: list[Chapter]


@dataclass(frozen=True)
class Curriculum:
    """All courses."""

    courses: list[Course]

    @cached_property
    def subjects(self) -> list[str]:
        """The distinct subjects in alphabetical order."""
        return sorted({subject for course in self.courses for subject in course.subjects})


def compose(seed: int) -> Curriculum:
    """Read the courses and create the assessments of their chapters."""
    entries = tomllib.loads(COURSES.read_text(encoding="utf-8"))["course"]
    courses: list[Course] = []
    chapters = assessments = 0
    for course_id, entry in enumerate(entries, 1):
        course = _course(seed, course_id, entry, chapters, assessments)
        courses.append(course)
        chapters += len(course.chapters)
        assessments += sum(len(chapter.assessments) for chapter in course.chapters)
    return Curriculum(courses)


def _course(
    seed: int, course_id: int, entry: dict[str, str], chapter_id: int, assessment_id: int
) -> Course:
    rng = generator(seed, "course", course_id)
    titles = entry["chapters"].split("; ")
    chapters = []
    for number, title in enumerate(titles, 1):
        chapter_id += 1
        kinds = ["quiz"]
        if rng.random() < 0.85:
            kinds.append("assignment")
        if number in (len(titles), len(titles) // 2):
            kinds.append("exam")
        assessments = []
        for kind in kinds:
            assessment_id += 1
            difficulty = {"quiz": -4, "assignment": 0, "exam": 6}[kind] + 6 * number / len(titles)
            assessments.append(
                Assessment(
                    assessment_id,
                    f"{kind.capitalize()}: {title}",
                    kind,
                    Decimal("50.00") if kind == "exam" else Decimal("60.00"),
                    rng.gauss(difficulty, 4),
                )
            )
        chapters.append(Chapter(chapter_id, number, title, assessments))
    return Course(
        course_id,
        entry["title"],
        entry["about"],
        entry["level"],
        rng.choice(CREDITS[entry["level"]]),
        [entry["subject"], *([entry["also"]] if "also" in entry else [])],
        chapters,
    )
