# SPDX-License-Identifier: MIT
# Writes C tables of text files: cmake -D SOURCE=<this folder> -D OUT=<folder> -P embed.cmake
# OUT/ledger_rows.c from ledger.tsv, OUT/exception_rows.c from exceptions.tsv, OUT/embedded_scenarios.c from scenarios/**.scn.

# The text of a file as the inside of a C string literal, still with its tabs and newlines.
function(read_escaped file variable)
  file(READ "${file}" text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "?" "\\?" text "${text}") # no trigraphs
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# One row per line, the first line names the columns.
read_escaped("${SOURCE}/ledger.tsv" rows)
string(STRIP "${rows}" rows)
string(FIND "${rows}" "\n" head)
string(SUBSTRING "${rows}" ${head} -1 rows)
string(STRIP "${rows}" rows)
string(REPLACE "\t" "\", \"" rows "${rows}")
string(REGEX REPLACE "\"(MUST|SHOULD|MAY|DEFACTO)\"" "BTW_\\1" rows "${rows}")
string(REPLACE "\n" "\" },\n    { \"" rows "${rows}")
file(CONFIGURE OUTPUT "${OUT}/ledger_rows.c" @ONLY CONTENT [[
/* Made from ledger.tsv. */
#include "ledger.h"

extern const struct scn_requirement scn_ledger_rows[];
extern const size_t scn_ledger_row_count;
const struct scn_requirement scn_ledger_rows[] = {
    { "@rows@" },
};
const size_t scn_ledger_row_count = sizeof scn_ledger_rows / sizeof scn_ledger_rows[0];
]])

# The same, and the table may be empty.
read_escaped("${SOURCE}/exceptions.tsv" rows)
string(FIND "${rows}" "\n" head)
math(EXPR head "${head} + 1")
string(SUBSTRING "${rows}" ${head} -1 rows) # not by a regex: its ^ fits every line in turn
string(REPLACE "\t" "\", \"" rows "${rows}")
string(REGEX REPLACE "([^\n]+)\n" "    { \"\\1\" },\n" rows "${rows}")
file(CONFIGURE OUTPUT "${OUT}/exception_rows.c" @ONLY CONTENT [[
/* Made from exceptions.tsv. */
#include "coverage.h"

extern const struct scn_exception scn_exception_rows[];
const struct scn_exception scn_exception_rows[] = {
@rows@    { 0 },
};
]])

file(GLOB_RECURSE paths RELATIVE "${SOURCE}/scenarios" "${SOURCE}/scenarios/*.scn")
list(SORT paths)
set(texts "")
set(table "")
set(number 0)
foreach(path IN LISTS paths)
  read_escaped("${SOURCE}/scenarios/${path}" text)
  string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
  string(APPEND texts "static const char text_${number}[] =\n    \"${text}\";\n")
  string(APPEND table "    { \"${path}\", text_${number}, sizeof text_${number} - 1 },\n")
  math(EXPR number "${number} + 1")
endforeach()
file(CONFIGURE OUTPUT "${OUT}/embedded_scenarios.c" @ONLY CONTENT [[
/* Made from scenarios. */
#include "embedded.h"

@texts@
const struct scn_embedded scn_embedded_scenarios[] = {
@table@    { 0 },
};
const size_t scn_embedded_scenario_count = @number@;
]])
