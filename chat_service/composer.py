"""The whole explanation from the knowledge base alone: offline, deterministic, every figure cited."""

from dataclasses import dataclass

from chat_service.case import Case
from chat_service.findings import describe_findings, finding_paragraphs, findings_disagree
from chat_service.knowledge import Knowledge, LanguageTexts, Voices
from chat_service.knowledge.texts import SubtypeText
from chat_service.stage import compose_stage, is_in_situ
from contract import (
    Action,
    Engine,
    Explanation,
    ExplanationRequest,
    Specialist,
    SurvivalPoint,
    UntreatedSurvival,
    YearRange,
)

OFFLINE = Engine(name="knowledge-base", model=None, prompt_version=None, fallback_reason=None)


@dataclass(frozen=True)
class Fact:
    """A paragraph of the knowledge base, and the sources it rests on."""

    id: str
    text: str
    sources: list[str]


class Composer:
    """Composes answers for one case from the knowledge base."""

    def __init__(self, knowledge: Knowledge, case: Case) -> None:
        self._knowledge = knowledge
        self._case = case
        self._texts: LanguageTexts = knowledge.languages[case.language]
        self._outline = knowledge.plan.kinds[case.kind]
        self._local = knowledge.locality_of(case.language, case.country)
        pictures = self._texts.pictures
        self._places = {
            **self._local.places,
            "picture": pictures.modalities[case.modality],
            "lean": pictures.lean[case.lean],
            "issues": "".join(f" {pictures.issues[code]}" for code in case.issues),
            "findings": describe_findings(case.clinical, self._texts),
        }

    def compose(self, request: ExplanationRequest) -> Explanation:
        """Compose the whole explanation."""
        facts, actions, specialists = self.facts(), self.actions(), self.specialists()
        stage, survival = compose_stage(self._case, self._knowledge), self.untreated_survival()
        parts: list[Action | Fact | Specialist] = [*actions, *facts, *specialists]
        cited = [key for part in parts for key in part.sources]
        cited += self._knowledge.plan.stage.sources if self._case.malignant else []
        cited += [share.source for share in stage.distribution]
        cited += survival.sources if survival else []
        return Explanation(
            prediction_id=request.prediction.id,
            language=self._case.language,
            audience=self._case.audience,
            summary=self.opening(),
            explanation="\n\n".join([*(fact.text for fact in facts), self.closing()]),
            actions=actions,
            specialists=specialists,
            stage=stage,
            untreated_survival=survival,
            sources=self._knowledge.cite(cited, self._case.language),
            engine=OFFLINE,
            disclaimer=self._texts.notices.disclaimer,
        )

    def opening(self) -> str:
        """Return the first words: what the reading is, that it is none to rely on, and whom to see."""
        words = self._texts.subtypes.get(self._case.subtype or "")
        opening = self._opens(words) if words else None
        return self._say(opening or self._texts.summaries[self._case.kind].opening)

    def _opens(self, words: SubtypeText) -> Voices | None:
        """Return the first words of a type: they are written for the decision of its own group."""
        group = self._knowledge.plan.subtypes[self._case.subtype or ""].group
        return words.opening if group == self._case.kind else None

    def closing(self) -> str:
        """Return the last words: the next step."""
        return self._say(self._texts.summaries[self._case.kind].closing)

    def facts(self) -> list[Fact]:
        """Return the body of the explanation, paragraph by paragraph."""
        plan, case = self._knowledge.plan, self._case
        ids = list(self._outline.paragraphs)
        ids[1:1] = ["remarks"] if case.issues and case.kind != "unusable" else []
        ids[1:1] = ["label-disagrees"] if case.label_disagrees else []
        ids += finding_paragraphs(case)
        facts = [self._fact(key, self._texts.paragraphs[key], plan.paragraphs[key]) for key in ids]
        if case.subtype:
            words = self._texts.subtypes[case.subtype]
            # A type with first words of its own does not fit the general description of its group.
            place = slice(0, 1) if self._opens(words) else slice(1, 1)
            facts[place] = [self._fact("subtype", words, plan.subtypes[case.subtype].sources)]
        return facts

    def _fact(self, key: str, voices: Voices, sources: list[str]) -> Fact:
        return Fact(key, self._say(voices), self._cite(voices, sources))

    def actions(self) -> list[Action]:
        """Return what to do, the first thing first."""
        case, plan = self._case, self._knowledge.plan
        subtype = plan.subtypes.get(case.subtype or "")
        ids = list(self._outline.actions)
        # A suspicion of cancer is looked into before anything is removed.
        place = 1 if case.malignant else 0
        ids[place:place] = [subtype.first_action] if subtype and subtype.first_action else []
        ids[:0] = ["ask-second-reading"] if case.label_disagrees else []
        ids[:0] = ["findings-first"] if findings_disagree(case) else []
        ids += ["emergency-signs"] if case.malignant and case.clinical.distant_metastasis else []
        texts = self._texts.actions
        return [
            Action(
                title=self._say(texts[key].title),
                detail=self._say(texts[key]),
                urgency=plan.actions[key].urgency,
                sources=self._cite(texts[key], plan.actions[key].sources),
            )
            for key in dict.fromkeys(ids)
        ]

    def specialists(self) -> list[Specialist]:
        """Return whom to see, the first person first."""
        case, plan = self._case, self._knowledge.plan
        subtype = plan.subtypes.get(case.subtype or "")
        ids = list(self._outline.specialists)
        ids += [subtype.specialist] if subtype and subtype.specialist else []
        ids += ["palliative-specialist"] if case.malignant and case.clinical.distant_metastasis else []
        texts = self._texts.specialists
        return [
            Specialist(
                name=texts[key].name,
                role=self._say(texts[key]),
                sources=self._cite(texts[key], plan.specialists[key]),
            )
            for key in dict.fromkeys(ids)
        ]

    def untreated_survival(self) -> UntreatedSurvival | None:
        """Return historical figures: only for a malignant reading, and only when they are wanted."""
        if not (self._case.malignant and self._case.include_prognosis):
            return None
        plan, figures, texts = self._knowledge.plan.survival, self._knowledge.statistics, self._texts.survival
        points = [figures[key] for key in plan.points]
        caveat = self._say(texts.caveat)
        if is_in_situ(self._case, self._knowledge):
            caveat = f"{caveat} {self._say(texts.in_situ)}"
        return UntreatedSurvival(
            statement=self._say(texts.statement),
            median_years=YearRange(low=figures[plan.median.low].value, high=figures[plan.median.high].value),
            survival=[SurvivalPoint(years=p.after_years or 0, percent=p.value) for p in points],
            caveat=caveat,
            sources=plan.sources,
        )

    def say(self, text: str) -> str:
        """Fill the places of a text: with our own words for known codes, and with numbers of the country."""
        return text.format_map(self._places)

    def say_apart(self, text: str) -> tuple[str, list[str]]:
        """Fill the places of a text, with lists of many countries' numbers apart, to stand below it."""
        lists = [said for kind, said in self._local.lists.items() if f"{{{kind}}}" in text]
        return text.format_map({**self._places, **self._local.general}), lists

    def local_sources(self, text: str) -> list[str]:
        """Return the sources of the numbers of the country that a text has places for."""
        return self._local.cited_by(text)

    def _say(self, voices: Voices) -> str:
        text: str = getattr(voices, self._case.audience)
        return self.say(text)

    def _cite(self, voices: Voices, sources: list[str]) -> list[str]:
        text: str = getattr(voices, self._case.audience)
        return [*sources, *self.local_sources(text)]
