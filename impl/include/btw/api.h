/* SPDX-License-Identifier: MIT */
/* What every public header puts round its declarations: C linkage for C++ programs, and the visibility with which
 * the shared library exports them.  The library is compiled with hidden visibility, so that a function is exported
 * when, and only when, a public header declares it. */
#ifndef BTW_API_H
#define BTW_API_H

/* BTW_BEGIN_DECLS stands after the #includes of a header, BTW_END_DECLS before its #endif; no semicolons. */
/* clang-format off */
#ifdef __cplusplus
#define BTW_BEGIN_DECLS extern "C" { _Pragma("GCC visibility push(default)")
#define BTW_END_DECLS _Pragma("GCC visibility pop") }
#else
#define BTW_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define BTW_END_DECLS _Pragma("GCC visibility pop")
#endif
/* clang-format on */

#endif
