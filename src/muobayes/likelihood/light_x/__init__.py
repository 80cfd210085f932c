"""The gauge boson X as light as a muon: couplings, widths, and every bound as a differentiable term."""
