/* SPDX-License-Identifier: MIT
 *
 * Breaches and innocent look-alikes of the rules about peer exchange.  A wants it under the id 202, B under 1.
 */

/* clang-format off */
#define PEX_A_SAYS(dict) BOTH EXT_A EXT_B "3 A extended ext=1 dict={" dict "}\n"
#define CONTACT "7f0000011ae1"
#define CONTACT6 "00000000000000000000000000000001" "1ae1"

static const struct row pex_rows[] = {
    { "BEP11-PEX-04", "an empty dictionary", &unknown, PEX_A_SAYS(""), "BEP11-PEX-04 FAIL A" },
    { "BEP11-PEX-04", "flags and no contacts", &unknown, PEX_A_SAYS("added.f=\"\""), "BEP11-PEX-04 FAIL A" },
    { "BEP11-PEX-04", "lists without contacts", &unknown, PEX_A_SAYS("added=\"\" added.f=\"\" dropped=\"\""), "" },
    { "BEP11-PEX-04", "one that is gone", &unknown, PEX_A_SAYS("dropped6=x\"" CONTACT6 "\""), "" },

    { "BEP11-PEX-05", "five bytes", &unknown, PEX_A_SAYS("added=x\"7f0000011a\""), "BEP11-PEX-05 FAIL A" },
    { "BEP11-PEX-05", "IPv6 in six bytes", &unknown, PEX_A_SAYS("added6=x\"" CONTACT "\""), "BEP11-PEX-05 FAIL A" },
    { "BEP11-PEX-05", "a list", &unknown, PEX_A_SAYS("dropped=[]"), "BEP11-PEX-05 FAIL A" },
    { "BEP11-PEX-05", "one of each kind", &unknown, PEX_A_SAYS("added=x\"" CONTACT "\" added6=x\"" CONTACT6 "\""), "" },

    { "BEP11-PEX-06", "no byte for the second", &unknown,
      PEX_A_SAYS("added=x\"" CONTACT "0a0000011ae1\" added.f=x\"00\""), "BEP11-PEX-06 FAIL A" },
    { "BEP11-PEX-06", "a byte too many", &unknown, PEX_A_SAYS("added6=x\"" CONTACT6 "\" added6.f=x\"0000\""), "BEP11-PEX-06 FAIL A" },
    { "BEP11-PEX-06", "no flags at all", &unknown, PEX_A_SAYS("added=x\"" CONTACT "\""), "" },

    { "BEP11-PEX-07", "a bit of its own", &unknown, PEX_A_SAYS("added=x\"" CONTACT "\" added.f=x\"20\""), "BEP11-PEX-07 WARN A" },
    { "BEP11-PEX-07", "a bit of its own, IPv6", &unknown, PEX_A_SAYS("added6=x\"" CONTACT6 "\" added6.f=x\"80\""), "BEP11-PEX-07 WARN A" },
    { "BEP11-PEX-07", "all that are defined", &unknown, PEX_A_SAYS("added=x\"" CONTACT "\" added.f=x\"1f\""), "" },

    { "BEP11-PEX-09", "added twice", &unknown, PEX_A_SAYS("added=x\"" CONTACT CONTACT "\""), "BEP11-PEX-09 FAIL A" },
    { "BEP11-PEX-09", "dropped twice, IPv6", &unknown, PEX_A_SAYS("dropped6=x\"" CONTACT6 CONTACT6 "\""), "BEP11-PEX-09 FAIL A" },
    { "BEP11-PEX-09", "two ports of one address", &unknown, PEX_A_SAYS("added=x\"" CONTACT "7f0000011ae2\""), "" },

    { "BEP11-PEX-10", "added and dropped", &unknown, PEX_A_SAYS("added=x\"" CONTACT "\" dropped=x\"" CONTACT "\""), "BEP11-PEX-10 FAIL A" },
    { "BEP11-PEX-10", "added with another port", &unknown, PEX_A_SAYS("added=x\"" CONTACT "\" dropped=x\"7f0000011ae2\""), "" },
};
/* clang-format on */
