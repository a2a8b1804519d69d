"""Any notebook with a `parameters` cell, run for many units: each in a process of its own, forked from a warm one.

This wing knows nothing of appraisal. `run_units` is its face; papermill finds `ForkEngine` as engine `toolkit-fork`,
Jupyter finds `WarmProvisioner` behind the kernelspec `toolkit-warm`.
"""
