"""Which test keeps which row of what must never happen: no row loses its test unnoticed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# row -> the tests that keep it, as FILE::TEST below tests/
ROWS: dict[int, tuple[str, ...]] = {
    1: ("hostile/test_urls.py::test_other_transports_and_malformed_addresses_start_nothing",),
    2: ("hostile/test_urls.py::test_credentials_and_line_breaks_are_refused_and_never_repeated",),
    3: ("hostile/test_urls.py::test_private_hosts_are_refused_in_every_spelling",),
    4: ("hostile/test_urls.py::test_one_private_address_spoils_a_name",),
    5: (
        "hostile/test_urls.py::test_a_name_that_answers_differently_after_the_check_is_refused",
        "hostile/test_urls.py::test_git_connects_to_the_checked_address_whatever_the_resolver_says",
    ),
    6: ("hostile/test_urls.py::test_a_redirect_is_not_followed",),
    7: ("hostile/test_urls.py::test_an_origin_that_turns_private_leaves_the_last_good_copy",),
    8: ("hostile/test_trees.py::test_a_submodule_is_never_initialised",),
    9: ("hostile/test_trees.py::test_symbolic_links_are_neither_followed_nor_served",),
    10: (
        "hostile/test_trees.py::test_untrustworthy_paths_are_refused_and_reported",
        "hostile/test_trees.py::test_odd_but_honest_names_are_fine",
    ),
    11: (
        "hostile/test_trees.py::test_a_repository_over_the_quota_is_stopped_and_removed",
        "hostile/test_trees.py::test_too_many_files_are_refused",
        "hostile/test_trees.py::test_a_slow_server_is_left_in_time",
    ),
    12: ("builders/test_kicad_build.py::test_a_schematic_alone_with_a_hostile_name",),
    13: ("hostile/test_urls.py::test_a_branch_named_like_an_option_is_neither_listed_nor_run",),
    14: ("builders/test_cad_build.py::test_hostile_or_broken_files_are_refused_with_a_sentence",),
    15: (
        "builders/test_cad_build.py::test_what_a_bad_script_may_not_do",
        "stores/test_sandbox.py::test_what_takes_too_much_is_stopped_with_the_reason",
        "stores/test_sandbox.py::test_a_process_left_behind_ends_with_the_run",
    ),
    16: ("hostile/test_bombs.py::test_memory_bombs_fail_alone_with_a_sentence_and_the_worker_lives",),
    17: ("builders/test_cad_build.py::test_openscad",),
    18: ("hostile/test_bombs.py::test_a_gigabyte_of_output_is_cut_escaped_and_stored",),
    19: (
        "hostile/test_faults.py::test_a_killed_worker_loses_nothing",
        "hostile/test_hosts.py::test_what_a_killed_host_left_is_taken_up_by_another",
    ),
    20: (
        "hostile/test_zips.py::test_tricks_are_refused",
        "hostile/test_zips.py::test_a_bomb_is_refused_before_it_is_unpacked",
    ),
    21: ("web/test_pages.py::test_files_of_repositories_are_harmless",),
    22: ("web/test_markdown.py::test_nothing_in_markdown_can_act",),
    23: ("web/test_pages.py::test_files_of_repositories_are_harmless",),
    24: (
        "builders/test_cad_build.py::test_hostile_or_broken_files_are_refused_with_a_sentence",
        "builds/test_bom_tables.py::test_spreadsheets_in_the_sandbox",
        "lending/test_statements.py::test_row_24_xml_with_document_types_or_entities_is_refused",
    ),
    25: (
        "lending/test_matching.py::test_row_25_the_same_statement_twice_or_overlapping_adds_nothing",
        "lending/test_money_in.py::test_rows_25_and_26_twice_adds_nothing_and_two_equal_payments_count",
    ),
    26: (
        "lending/test_matching.py::test_row_26_two_identical_genuine_payments_both_count",
        "lending/test_money_in.py::test_rows_25_and_26_twice_adds_nothing_and_two_equal_payments_count",
    ),
    27: (
        "lending/test_statements.py::test_row_27_what_does_not_add_up_is_refused_whole",
        "lending/test_money_in.py::test_row_27_a_file_that_is_wrong_leaves_nothing_behind",
    ),
    28: (
        "lending/test_matching.py::test_row_28_all_else_is_asked_about",
        "lending/test_matching.py::test_row_28_unknown_codes_several_codes_and_closed_campaigns",
        "lending/test_money_out.py::test_row_28_a_payment_that_was_taken_back_ends_its_pledge_once_a_treasurer_says_so",
    ),
    29: (
        "lending/test_pledges.py::test_row_29_amounts_that_are_none",
        "lending/test_campaign_doors.py::test_by_json",
    ),
    30: ("lending/test_pledges.py::test_row_30_a_newline_in_names",),
    31: (
        "lending/test_pledges.py::test_row_31_two_pledges_for_the_last_slot",
        "lending/test_pledges.py::test_row_31_processes_for_the_last_slot",
    ),
    32: (
        "lending/test_pledges.py::test_row_32_the_very_deadline_by_the_databases_clock",
        "lending/test_pledges.py::test_row_32_deadline_pledge_and_withdrawal_race",
    ),
    33: ("lending/test_pledges.py::test_row_33_the_same_wish_twice_with_one_key",),
    34: ("lending/test_money_out.py::test_row_34_one_alone_disburses_nothing",),
    35: ("lending/test_payback.py::test_row_35_a_repayment_above_the_debt_is_held_and_flagged",),
    36: (
        "hostile/test_cells.py::test_no_export_holds_a_cell_that_acts",
        "lending/test_desk.py::test_row_36_no_cell_of_an_export_is_a_formula",
    ),
    37: (
        "designs/test_reading_licences.py::test_whole_texts",
        "designs/test_reading_licences.py::test_closed_texts_are_refused_whatever_the_readme_says",
    ),
    38: (
        "hostile/test_trees.py::test_lfs_pointers_are_reported_and_never_taken_for_the_file",
        "builders/test_kicad_build.py::test_bad_boards_fail_with_the_reason",
    ),
    39: ("builders/test_kicad_build.py::test_bad_boards_fail_with_the_reason",),
    40: (
        "hostile/test_faults.py::test_a_full_disk_fails_the_target_and_the_work_goes_on_once_there_is_room",
        "hostile/test_faults.py::test_a_database_that_is_away_for_ten_seconds_costs_time_alone",
    ),
}


@pytest.mark.parametrize("row", sorted(ROWS))
def test_the_row_has_its_tests(row: int) -> None:
    for name in ROWS[row]:
        file, _, test = name.partition("::")
        found = {one.name for one in ast.parse((TESTS / file).read_text(encoding="utf-8")).body
                 if isinstance(one, ast.FunctionDef)}  # fmt: skip
        assert test in found, f"{name}: there is no such test"


def test_no_row_is_forgotten() -> None:
    assert set(ROWS) == set(range(1, 41))
