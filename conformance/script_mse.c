/* SPDX-License-Identifier: MIT
 *
 * What stands behind `mse` in dial and listen: how the scripted peer encrypts.
 */
#include "script_lex.h"

#include <string.h>

/* clang-format off */
static const struct option {
    const char *name;
    enum scn_mse_option option;
    enum expr_mode mode;
    bool dials, listens;
} options[] = {
    { "provide",   SCN_MSE_METHODS,    EXPR_INT,   true,  false },
    { "allow",     SCN_MSE_METHODS,    EXPR_INT,   false, true },
    { "select",    SCN_MSE_SELECT,     EXPR_INT,   false, true },
    { "pad_a",     SCN_MSE_PAD_CLEAR,  EXPR_INT,   true,  false },
    { "pad_b",     SCN_MSE_PAD_CLEAR,  EXPR_INT,   false, true },
    { "pad_c",     SCN_MSE_PAD_SECRET, EXPR_INT,   true,  false },
    { "pad_d",     SCN_MSE_PAD_SECRET, EXPR_INT,   false, true },
    { "pad_c_len", SCN_MSE_PAD_LEN,    EXPR_INT,   true,  false },
    { "pad_d_len", SCN_MSE_PAD_LEN,    EXPR_INT,   false, true },
    { "ia",        SCN_MSE_IA,         EXPR_BYTES, true,  false },
    { "ia_len",    SCN_MSE_IA_LEN,     EXPR_INT,   true,  false },
    { "skey",      SCN_MSE_SKEY,       EXPR_BYTES, true,  false },
    { "vc",        SCN_MSE_VC,         EXPR_BYTES, true,  true },
    { "key",       SCN_MSE_KEY,        EXPR_BYTES, true,  true },
    { "secret",    SCN_MSE_SECRET,     EXPR_BYTES, true,  true },
};
/* clang-format on */

static const char *const zero_words[] = { "none", "key", "secret" };
static const struct scn_names zero_names = { zero_words, 3 };

static const struct option *option_here(struct scn_cursor *c, bool dials)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if ((dials ? options[i].dials : options[i].listens) && lex_option(c, options[i].name))
            return &options[i];
    }
    return NULL;
}

bool mse_take_option(struct scn_cursor *c, bool dials, struct scn_mse *mse)
{
    const char *start = c->at;
    if (lex_option(c, "zero")) {
        int zero = lex_choice(c, "part", &zero_names);
        mse->zero = zero < 0 ? SCN_MSE_ZERO_NONE : (enum scn_mse_zero)zero;
        return zero >= 0;
    }
    const struct option *option = option_here(c, dials);
    if (!option)
        return false;
    if (mse->options[option->option])
        return lex_fail(c, start, "'%s' is given twice", option->name);
    mse->options[option->option] = expr_take(c, option->mode);
    return mse->options[option->option] != NULL;
}
