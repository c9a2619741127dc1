"""Which mutants a piece of SystemVerilog has, and that a program of many is each of them."""

from __future__ import annotations

import pytest

from verif.mutation.mutants import Mutant, mutants_of, selector

_MODULE = """\
module m (input logic clk_i, input logic rst_ni, input logic a_i, output logic [7:0] y_o);
{}
endmodule
"""


def _changes(code: str, kind: str) -> set[str]:
    mutants = mutants_of("m.sv", _MODULE.format(code))
    return {f"{m.before} -> {m.after}" for m in mutants if m.kind == kind}


@pytest.mark.parametrize(
    ("code", "kind", "change"),
    [
        ("assign y_o = p + q;", "arithmetic", "p + q -> p - q"),
        ("assign y_o = -p;", "arithmetic", "-p -> p"),
        ("assign y_o = p << q;", "shift", "p << q -> p >> q"),
        ("assign y_o = p >= q;", "comparison", "p >= q -> p > q"),
        ("assign y_o = p == q;", "comparison", "p == q -> p != q"),
        ("assign y_o = p && q;", "logical", "p && q -> p || q"),
        ("assign y_o = !p;", "logical", "!p -> p"),
        ("assign y_o = p ? q : r;", "choice", "p ? q : r -> p ? r : q"),
        ("assign y_o = p ? q : r;", "choice", "p ? q : r -> q"),
        ("assign y_o = p[3:1];", "index", "p[3:1] -> p[3 - 1:1 - 1]"),
        ("assign y_o = p[3:0];", "index", "p[3:0] -> p[3 + 1:0 + 1]"),
        ("assign y_o = p[q];", "index", "q -> q + 1"),
        ("assign y_o = 8'd7;", "constant", "8'd7 -> 8'd7 + 8'd1"),
        ("assign y_o = 8'h70;", "constant", "8'h70 -> 8'h70 ^ 8'd1"),
        ("assign y_o = '0;", "constant", "'0 -> '1"),
        ("localparam int L = 3;", "parameter", "3 -> 3 + 1"),
        ("n #(.Depth(D)) u_n (.a_i(b));", "parameter", "D -> D + 1"),
        ("always_comb begin y_o = '0; if (p) y_o = q; end", "condition", "p -> 1'b1"),
        ("always_comb begin y_o = '0; if (p) y_o = q; end", "condition", "p -> !(p)"),
        ("always_comb begin y_o = '0; if (p) y_o = q; end", "assignment", "y_o = q; -> ;"),
        ("always_ff @(posedge clk_i) if (p) y_o <= q;", "enable", "p -> 1'b1"),
        ("always_ff @(posedge clk_i) y_o <= q;", "assignment", "y_o <= q; -> ;"),
        (
            "always_comb case (p) A: y_o = q; default: y_o = r; endcase",
            "choice",
            "y_o = q; -> y_o = r;",
        ),
        (
            "always_ff @(posedge clk_i or negedge rst_ni) if (!rst_ni) y_o <= '0; else y_o <= q;",
            "reset",
            "'0 -> '1",
        ),
    ],
)
def test_each_kind_of_wrong_place_is_made(code: str, kind: str, change: str) -> None:
    assert change in _changes(code, kind)


@pytest.mark.parametrize(
    "code",
    [
        "logic [7:0] word;",
        "assign unused_word = ^p + q;",
        "n u_n (.y_o(word[3]));",
        "n_assertions #(.Limit(3)) u_n (.a_i(p + q));",
        "if (Depth == 0) begin : gen_wire end",
        'if (Depth > 9) begin : gen_bad $fatal(1, "too deep"); end',
        "// Assertions //\n  assign y_o = p + q;",
        "A: assert property (@(posedge clk_i) p && q);",
    ],
)
def test_what_the_module_says_is_left_alone_has_no_mutant(code: str) -> None:
    assert mutants_of("m.sv", _MODULE.format(code)) == []


def test_constants_are_not_selectable_and_expressions_are() -> None:
    text = _MODULE.format("localparam int L = 3;\nassign y_o = p + q;")
    selectable = {m.before: m.selectable for m in mutants_of("m.sv", text)}
    assert selectable == {"3": False, "p + q": True}


def test_place_of_a_mutant_is_line_and_column_of_its_first_character() -> None:
    (mutant,) = mutants_of("m.sv", _MODULE.format("  assign y_o = // why\n    p + q;"))
    assert (mutant.line, mutant.column, mutant.line_text) == (3, 5, "p + q;")


def test_applied_mutant_keeps_its_place_among_the_operators_around_it() -> None:
    text = _MODULE.format("assign y_o = p * q * r;")
    (inner,) = [m for m in mutants_of("m.sv", text) if m.before == "p * q"]
    assert "assign y_o = (p + q) * r;" in inner.applied(text)


def test_selector_has_every_mutant_behind_its_number_and_nothing_else() -> None:
    text = _MODULE.format("assign y_o = (p + q) - r;")
    mutants = mutants_of("m.sv", text)
    assert [m.after for m in mutants] == ["(p + q) + r", "p - q"]
    assert selector(text, mutants) == _MODULE.format(
        "assign y_o = (mutation_pkg::selected == 1 ? ((p + q) + r) : "
        "(((mutation_pkg::selected == 2 ? (p - q) : (p + q))) - r));"
    )


def test_statement_under_a_condition_is_replaced_with_its_condition_kept() -> None:
    text = _MODULE.format("always_ff @(posedge clk_i) if (p) y_o <= q; else y_o <= r;")
    (dropped,) = [m for m in mutants_of("m.sv", text) if m.before == "y_o <= q;"]
    assert (
        "if (p) begin if (mutation_pkg::selected == 1) begin ; end else begin y_o <= q; end end "
        "else y_o <= r;"
    ) in selector(text, [dropped])


def test_text_that_is_no_systemverilog_is_refused() -> None:
    with pytest.raises(ValueError, match=r"m\.sv is not plain SystemVerilog"):
        mutants_of("m.sv", "module m (; endmodule")


def test_mutant_is_named_by_place_kind_and_change() -> None:
    mutants: list[Mutant] = mutants_of("m.sv", _MODULE.format("assign y_o = p + q;"))
    assert [m.name for m in mutants] == ["m.sv:2:14 arithmetic: p + q -> p - q"]
