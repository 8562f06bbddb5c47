# Sourced: the two parts of the test run, each a function that takes further options of pytest.

spread="--dist=loadfile --no-loadscope-reorder"
# Every test process imports all files that it might run: those that import TensorFlow or scikit-learn are the models'.
with_models="tests/models tests/backend/cli/test_training.py tests/backend/cli/test_evaluate.py"
# Processes start by the hundred, and each would compile our sources anew where Python may not keep what it compiled.
unset PYTHONDONTWRITEBYTECODE

# The models have processes of their own: on processors with AMX, one in which TensorFlow and the engine
# have both computed may not survive a signal, and the other tests send signals to themselves. TensorFlow
# has one thread in each: two on a core each are done sooner than one on both.
test_models() {
    OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 .venv/bin/python -m pytest $spread --numprocesses=auto --maxprocesses=4 \
        $with_models --junitxml=.cache/models.xml "$@"
}

# The others wait for processes and browsers half of their time, so there are two for each core of a small machine.
# After start_services, they run on PostgreSQL and Redis as well as on SQLite and files.
test_others() {
    .venv/bin/python -m pytest $spread --numprocesses=4 tests $(printf -- '--ignore=%s ' $with_models) \
        --junitxml=.cache/tests.xml "$@"
}
