"""Given names and their short forms: a small table, used to say "alike" (nickname) and "clearly different"
(two known names)."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import OSA

from hub.identity.short_forms import ENGLISH

_SHORT_FORMS = """
alexander: alex sandy sasha xander alec; alexandra: alex sandra sasha lexi; albert: al bert bertie;
alfred: al fred alf; andrew: andy drew; andreas: andi andy; anthony: tony; antonio: toni tony;
barbara: barb babs; benjamin: ben benny benji; bernard: bernie; catherine: cathy kate katie cat;
charles: charlie chuck chas; christian: chris; christina: chris tina chrissy;
christine: chris chrissy tina; christopher: chris topher kit; daniel: dan danny; david: dave davey;
deborah: deb debbie; donald: don donny; dorothy: dot dottie; douglas: doug; edward: ed eddie ted ned;
edmund: ed eddie; elisabeth: lisa elli lisbeth; elizabeth: liz lizzie beth betty eliza lisa;
emanuel: manny; emily: em; eugene: gene; florian: flo; frances: fran; francis: frank;
francisco: paco pancho; franz: franzl; frederick: fred freddie; friedrich: fritz; gabriel: gabe;
gabriele: gabi gaby; geoffrey: geoff; georg: schorsch; gerald: gerry jerry; gregory: greg; guillermo: memo;
hans: hannes; harold: harry hal; heinrich: heinz; helena: lena; henry: hank harry; ignacio: nacho;
isabella: bella belle isa izzy issy; jacob: jake; jakob: jack; jacqueline: jackie; james: jim jimmy jamie;
janet: jan; jeffrey: jeff; jennifer: jen jenny; jessica: jess jessie; johann: hans; johannes: hans hannes;
john: jack johnny jon; jonathan: jon jonny; jose: pepe; josef: sepp; joseph: joe joey jo; joshua: josh;
judith: judy; julian: jule; katharina: kathi katha; katherine: kathy kate katie kat; kathleen: kathy kath;
kenneth: ken kenny; kimberly: kim; kristina: kris tina; lawrence: larry; leonard: len lenny leo;
louis: lou louie; madeleine: maddie; manuel: manu manny; margaret: maggie meg peggy marge; maria: mary mia;
martin: marty; matthew: matt matty; matthias: matze; maximilian: max maxi; michael: mike mick mickey micky;
michelle: shelly; nathaniel: nate nat; nathan: nate; nicholas: nick nicky; nicole: nicky niki;
nikolaus: klaus niko; oliver: ollie oli; pamela: pam; patricia: pat patty tricia trish; patrick: pat paddy;
peter: pete; philip: phil pip; rachel: rach; raymond: ray; rebecca: becky becca;
richard: dick rick ricky rich; robert: bob bobby rob robbie bert; roberto: beto; ronald: ron ronnie;
rosemary: rose; rudolf: rudi; ruediger: rudi; samuel: sam sammy; samantha: sam; sebastian: basti seb;
sophia: sophie; stefan: steff; stephanie: steph steffi; stephen: steve; steven: steve;
susan: sue susie suzy; susanne: susi; theodore: ted teddy theo; theresa: terry tess; thomas: tom tommy;
timothy: tim timmy; ulrich: uli ulli; valerie: val; victor: vic; victoria: vicky tori;
vincent: vince vinny; clement: clem; vanessa: nessa; arabella: bella belle;
charlotte: lotta lottie charlie; harrison: harry; georgina: georgie gina; abigail: abby gail; alison: ali;
bradley: brad; cameron: cam; emma: em; lachlan: lachie; mitchell: mitch; nathanael: nate;
olivia: liv livvy; phillip: phil pip; toby: tobes; zoe: zo; leslie: les; clifford: cliff; stanley: stan;
frederic: fred freddie; augustus: gus; angus: gus; dominic: dom; josephine: josie jo;
caroline: carrie caro; eleanor: ellie nell nora; amelia: millie amy; matilda: tilly; virginia: ginny;
walter: walt; wilhelm: willi; william: bill billy will willy liam; wolfgang: wolf; zachary: zach zack;
yekaterina: katya; dmitri: dima; mikhail: misha; vladimir: vova volodya; giuseppe: beppe peppe;
francesco: franco ciccio; salvatore: toto; giovanni: gianni vanni;
"""

_OTHER_NAMES = """
aaron adam adrian agnes alan alice alina amanda amelia amy ana andrea angela angelika anita anja anke ann
anna anne annette anton antonia ariana arthur ashley astrid august beate beatrice bernd bettina bianca
birgit bjoern bjorn boris brandon brenda brian bridget bruce bruno camila carina carl carla carlo carlos
carmen carol carola carolina caroline cecilia chantal chloe clara claudia claudio claus colin corinna
cornelia cynthia dagmar dana daniela daniele danielle dennis diana diane dieter dirk dominic dominik doris
dylan eduardo elena eleonora eli elias elke ella ellen elsa emil emilia emma eric erica erich erik erika
ernst esther ethan eva evelyn fabian fabio federico felix ferdinand fernando fiona frank franziska frieda
georgina gerda gerhard gisela giulia gloria grace greta guenter gunter gustav hanna hannah harald harvey
heather heike heiko heinz helen helga helmut herbert herman hermann holger horst hugo ian ida ilse ines inge
ingrid irene iris isabel isabelle ivan jan jana jane janine jasmin jason javier jean jens jeremy joachim
joan joanna joanne joel joerg johanna jonas jorge josephine josh juan juana juergen julia juliana juliane
julie julien julius june justin justine karen karin karina karl karla kai karsten katja katrin kay keith
kelly kerstin kevin kirsten klara konrad kristin kurt kyle lara laura lauren lea lena leo leon leonie liam
lina linda lisa logan lorena lorenz lothar luca lucas lucia lucy ludwig luis luisa luise lukas lydia
magdalena marc marcel marco marcus margit margot marianna marianne marie marina mario marion marisa marius
mark marko markus marlene marta martha martina marvin mary mathilda maurice max melanie melissa mercedes mia
michaela michele miguel mila miriam moritz monica monika nadia nadine nancy natalia natalie natasha nelson
nils nina noah noel nora norbert norman olaf olga olivia oscar oskar otto pablo patrice paul paula pauline
pedro petra phyllis pia quentin rafael rainer ralf ralph ramon raphael regina reinhard renate rene ricarda
ricardo rita roberta rolf roman rosa rosalie roy ruben ruth ryan sabine sabrina samira sara sarah scott sean
sharon sheila sibylle silke silvia simon simone sofia sofie sonja stefanie stella sven sylvia tamara tanja
tara teresa thea theo tobias torsten tracy ulrike ursula ute valentin valentina vanessa vera verena veronica
veronika vivian volker werner wendy wilma xavier yvonne yvette
"""


def _read() -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    meant: dict[str, set[str]] = {}
    for entry in f"{_SHORT_FORMS} {ENGLISH}".replace("\n", " ").split(";"):
        full, _, short = entry.partition(":")
        if not short:
            continue
        for word in short.split():
            meant.setdefault(word, set()).add(full.strip())
        meant.setdefault(full.strip(), set()).add(full.strip())
    return {word: frozenset(names) for word, names in meant.items()}, frozenset(meant) | frozenset(
        _OTHER_NAMES.split()
    )


MEANS, KNOWN = _read()


def same_person_names(a: str, b: str) -> bool:
    """Whether one given name is a short form of the other. Two short forms count where one begins the other (Sam,
    Sammy) or each has a single meaning (Bob, Rob), but not Chris and Tina."""
    mine, theirs = _meaning(a), _meaning(b)
    if mine is None or theirs is None:
        return (mine is not None and b in mine) or (theirs is not None and a in theirs)
    if a in theirs or b in mine or (len(mine) == 1 and mine == theirs):
        return True
    return not mine.isdisjoint(theirs) and (a.startswith(b) or b.startswith(a))


def misspelt_short_form(a: str, b: str) -> bool:
    """Whether one would be a short form of the other without a typing error in it (Mathtew, Matty)."""
    return (_meaning(b) is not None and any(same_person_names(name, b) for name in _meant(a))) or (
        _meaning(a) is not None and any(same_person_names(a, name) for name in _meant(b))
    )


@lru_cache(maxsize=20_000)
def _meant(word: str) -> tuple[str, ...]:
    """The known names a typing error away from an unknown word, its first letter being right."""
    if word in KNOWN or len(word) < _LEAST:
        return ()
    near = _BY_FIRST.get(word[0], ())
    return tuple(name for name in near if OSA.distance(name, word, score_cutoff=1) == 1)


_LEAST = 5  # letters: shorter names are a typing error apart without one
_BY_FIRST = {
    first: tuple(sorted(name for name in KNOWN if name[0] == first and len(name) >= _LEAST))
    for first in {name[0] for name in KNOWN}
}


def _meaning(word: str) -> frozenset[str] | None:
    """What a short form may stand for, however its ending is spelt (Jimmie, Nicki)."""
    found = MEANS.get(word)
    if found is None and word not in KNOWN:
        for ending in ("ie", "i", "y"):
            if word.endswith(ending):
                stem = word.removesuffix(ending)
                found = MEANS.get(f"{stem}y") or MEANS.get(f"{stem}ie") or MEANS.get(f"{stem}i")
                break
    return found


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """The full name a short form most likely stands for (bob: robert), so that both give one key; else the word."""
    found = _meaning(word)
    return min(found) if found and word not in found else word
