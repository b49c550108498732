#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds every fuzz target as OSS-Fuzz and ClusterFuzzLite want them: $OUT/fuzz_NAME, fuzz_NAME_seed_corpus.zip,
# fuzz_NAME.dict, fuzz_NAME.options.  Compiler, flags and engine come from outside: $CC $CXX $CFLAGS $CXXFLAGS
# $LIB_FUZZING_ENGINE.  fuzz/oss_fuzz_test runs it without a container.
source_dir=$(cd "$(dirname "$0")/.." && pwd)
[ -f "$source_dir/CMakeLists.txt" ] || source_dir=$SRC/btwire
build_dir=${WORK:-$(mktemp -d)}/btwire

cmake -S "$source_dir" -B "$build_dir" -G Ninja -DCMAKE_BUILD_TYPE=None -DBTW_FUZZ=ON -DBTW_FUZZ_FLAGS= \
  -DBTW_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX"

while read -r name kind folder; do
  [ "$name" != empty ] || continue
  ninja -C "$build_dir" "fuzz_$name" "corpus_$folder" fuzz_dictionaries
  cp "$build_dir/fuzz/fuzz_$name" "$OUT/"
  (cd "$build_dir/fuzz/corpus/$folder" && zip -q -r "$OUT/fuzz_${name}_seed_corpus.zip" .)
  printf '[libfuzzer]\nmax_len = 4096\ntimeout = 10\n' >"$OUT/fuzz_$name.options"
  if [ -f "$build_dir/fuzz/$kind.dict" ]; then
    cp "$build_dir/fuzz/$kind.dict" "$OUT/fuzz_$name.dict"
    echo "dict = fuzz_$name.dict" >>"$OUT/fuzz_$name.options"
  fi
done <"$build_dir/fuzz/targets.txt"
