"""Colliders: heavy X in dimuon spectra, leptoquarks in dilepton tails and pairs, the Higgs boson."""
