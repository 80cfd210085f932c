"""Terms and observables as they are typeset: from the names of the likelihood to mathematics."""

import re
from functools import cache
from pathlib import Path

import yaml

__all__ = ["observable_label", "term_label"]

_HEADS = {
    "BR": r"\mathrm{BR}",
    "FL": "F_L",
    "Rmue": r"R_{\mu e}",
    "Rtaul": r"R_{\tau\ell}",
    "Rtaumu": r"R_{\tau\mu}",
    "dBR/dq2": r"d\mathrm{BR}/dq^2",
    "DeltaM": r"\Delta M",
    "eps": r"\epsilon",
    "Gamma": r"\Gamma",
    "sigma": r"\sigma",
    "GammaZ": r"\Gamma_Z",
    "GammaW": r"\Gamma_W",
    "mu": r"\mu",
}
_PARTICLES = (
    ("->", r"\to "), ("Lambda", r"\Lambda "), ("gamma", r"\gamma "), ("nu", r"\nu "), ("tau", r"\tau "),
    ("mu", r"\mu "), ("rho", r"\rho "), ("phi", r"\phi "), ("pi+", r"\pi^+"), ("pi0", r"\pi^0"), ("pi", r"\pi "),
    ("ll", r"\ell\ell "), ("l", r"\ell "), ("K*", "K^{*}"), ("D*", "D^{*}"), ("B0", "B^0"), ("B+", "B^+"),
    ("Bs", "B_s"), ("Bc", "B_c"), ("D0", "D^0"), ("D+", "D^+"), ("Ds", "D_s"), ("KL", "K_L"), ("KS", "K_S"),
    ("K0", "K^0"), ("K+", "K^+"), ("Xs", "X_s"), ("Xc", "X_c"),
)  # fmt: skip


@cache
def _labels() -> dict[str, str]:
    return yaml.safe_load(Path(__file__).with_name("term_labels.yaml").read_text(encoding="utf-8"))


def term_label(name: str) -> str:
    """A term of the likelihood as it is typeset.

    Examples
    --------
    >>> term_label("likelihood_rd_rds.yaml"), term_label("CCFR")
    ('$R_{D^{(*)}}$', 'CCFR')
    """
    return _labels().get(name, name)


def observable_label(name: str) -> str:
    """An observable's readable name in mathematics; what is not known stays as it is.

    Examples
    --------
    >>> observable_label("<P5p>(B0->K*mumu)[4, 6]")
    '$P_{5}^{\\\\prime}(B^0\\\\to K^{*}\\\\mu \\\\mu )$ [4, 6]'
    >>> observable_label("BR(Bs->mumu)")
    '$\\\\mathrm{BR}(B_s\\\\to \\\\mu \\\\mu )$'
    """
    match = re.fullmatch(r"<?([^<>(\[]+)>?(?:\(([^()]*)\))?\s*(\[.*\])?", name)
    if match is None:
        return name
    head, process, arguments = match.groups()
    text = _head(head) + (f"({_process(process)})" if process else "")
    return f"${text}$" + (f" {arguments}" if arguments else "")


def _head(head: str) -> str:
    if head in _HEADS:
        return _HEADS[head]
    if angular := re.fullmatch(r"([A-Z])(\d)(p?)", head):
        letter, number, prime = angular.groups()
        return f"{letter}_{{{number}}}" + (r"^{\prime}" if prime else "")
    stem, _, index = head.partition("_")
    if index and (stem in _HEADS or len(stem) == 1):
        return f"{_HEADS.get(stem, stem)}_{{{_process(index)}}}"
    return r"\mathrm{" + head.replace("_", r"\_") + "}"


def _process(process: str) -> str:
    found = ""
    while process:
        for written, typeset in _PARTICLES:
            if process.startswith(written):
                found, process = found + typeset, process[len(written) :]
                break
        else:
            found, process = found + process[0], process[1:]
    return found
