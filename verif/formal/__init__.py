"""Properties of the RTL proved for all inputs and all time, by Yosys' SAT solver."""
