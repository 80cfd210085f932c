"""The beta-function engine (offline, numpy): a model description in, exact polynomial beta functions out.

It evaluates the general MS-bar formulae of arXiv:1906.04625 (gauge to three loops with kinetic mixing, Yukawa and
quartic to two) by contracting sparse tensors whose entries are polynomials in the couplings, or numbers. Nothing
here is imported at run time, where `muobayes.running.table` evaluates the result.
"""
