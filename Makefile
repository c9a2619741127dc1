# The doors of the project: each target is one command that a person could type in the activated
# environment. Set-up happens on the way; `scripts/setup` does nothing when nothing is missing.

SHELL := bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Compiled modules are kept: `make test` starts Python a thousand times.
unexport PYTHONDONTWRITEBYTECODE

#? PROJECT=name            a folder of sw/apps
#? CFG=file                another hardware description than heepstor_cfg.hjson
#? BACKEND=name            software, direct or stream: who computes; without it the planner chooses
#? MEMORY_BANKS=n          overrides memory.banks
#? WAVES=window            of `make sim`: a waveform of layer:NAME or of cycles:FIRST-LAST
#? CHECKPOINT_AT=layer:N   of `make sim`: save the simulation when this layer begins
#? RESUME=0|1              of `make sim`: 1 goes on from there
#? TARGET=zcu104           a board, instead of the simulation
#? PORT=device             serial port of a board, as /dev/ttyUSB1
#? LOG=file                what a board printed, for `make compare`
#? DATA=folder             data set of `make train` and `make accuracy`; downloaded when missing
#? EPOCHS=n                length of `make train`
#? RTL=n                   images of `make accuracy` that are simulated, too
#? FPGA_BOARD=name         of boards/, or a description FILE.hjson, for `make vivado-fpga`
#? SWEEP=file              what `make sweep` combines, as docs/sweep.hjson
#? PYTHON=file             Python 3.11 of `make setup`
#? ENABLE_DEBUG_HEEPSTOR_ASSERTIONS=0|1    debug assertions of the firmware; 1 without it
#? USE_SOFTWARE_DNN_LAYER_OPERATORS=0|1    1 is BACKEND=software
VARIABLES := $(shell sed -n 's/^\#? \([A-Z_]*\)=.*/\1/p' $(firstword $(MAKEFILE_LIST)))

# Recipes read the variables from the environment, in quotes: whatever is in them stays one word.
$(foreach name,$(VARIABLES),$(eval override $(name) := $$(value $(name))))
export $(VARIABLES)

# $(call is_1,X): not empty when the variable X is 1; refuses everything but 0 and 1.
is_1 = $(if $(filter-out 0 1,$($1)),$(error $1 is $($1); it must be 0 or 1),$(filter 1,$($1)))
is_0 = $(if $($1),$(if $(call is_1,$1),,0))

backend = $(if $(call is_1,USE_SOFTWARE_DNN_LAYER_OPERATORS),$(if $(filter-out software,$(BACKEND)), \
  $(error USE_SOFTWARE_DNN_LAYER_OPERATORS=1 contradicts BACKEND=$(BACKEND)),software),$(if \
  $(BACKEND),"$$BACKEND"))
hardware = $(if $(CFG), --cfg "$$CFG")$(if $(MEMORY_BANKS), --set "memory.banks=$$MEMORY_BANKS")
software = $(if $(backend), --backend $(backend))$(if \
  $(call is_0,ENABLE_DEBUG_HEEPSTOR_ASSERTIONS), --no-assertions)

watch = $(if $(WAVES), --waves "$$WAVES")$(if $(CHECKPOINT_AT), --checkpoint-at "$$CHECKPOINT_AT")$(if \
  $(call is_1,RESUME), --resume)

target = $(if $(filter-out zcu104,$(TARGET)),$(error TARGET is $(TARGET); it must be zcu104),$(TARGET))

help: ## list the targets and the variables
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile
	@echo && sed -n 's/^#? //p' Makefile

setup: ## install what is missing: Debian packages, .venv, pinned Python packages
	@scripts/setup $(setup-options)

sim: given-PROJECT setup ## generate, build, simulate, compare with the golden model, report
	heepstor sim$(hardware)$(software)$(watch) -- "$$PROJECT"

waves: given-PROJECT setup ## open the waveform of the last `make sim WAVES=...` in a viewer
	heepstor waves -- "$$PROJECT"

profile: given-PROJECT setup ## simulate, and tell in which functions the cycles went
	heepstor profile$(hardware)$(software) -- "$$PROJECT"

run: given-PROJECT setup ## as sim, with the firmware's console in the terminal
	heepstor run$(hardware)$(software) -- "$$PROJECT"

picocom: given-$(if $(TARGET),PORT,PROJECT) setup ## the console of `heepstor run --uart-pty`, or with TARGET and PORT of a board
	heepstor picocom $(if $(target),--port "$$PORT",-- "$$PROJECT")

run-fpga-com: given-PROJECT given-PORT setup ## run on a board (TARGET), compare with simulation
	heepstor run-fpga-com$(hardware)$(software)$(if $(target), --target $(target)) --port "$$PORT" -- "$$PROJECT"

app: given-PROJECT setup ## generate the C++ of a project and build its firmware only
	heepstor app$(hardware)$(software) -- "$$PROJECT"

compare: given-PROJECT given-LOG setup ## compare a simulated run with what a board printed
	heepstor compare --fpga "$$LOG" -- "$$PROJECT"

openocd: given-PROJECT setup ## simulate a project for GDB, with OpenOCD on its JTAG; or on a board
	heepstor openocd$(hardware)$(software)$(if $(target), --target $(target)) -- "$$PROJECT"

gdb: given-PROJECT setup ## load and debug a project that `make openocd` has opened
	heepstor gdb$(if $(target), --target $(target)) -- "$$PROJECT"

history: setup ## cycles per layer from commit to commit; without PROJECT, all projects in short
	heepstor history$(if $(PROJECT), -- "$$PROJECT")

train: given-PROJECT given-DATA setup ## train a project's weights
	heepstor train --data "$$DATA"$(if $(EPOCHS), --epochs "$$EPOCHS") -- "$$PROJECT"

accuracy: given-PROJECT given-DATA setup ## top-1 of every model over a whole test set
	heepstor accuracy --data "$$DATA"$(hardware)$(software)$(if $(RTL), --rtl "$$RTL") -- "$$PROJECT"

sweep: given-SWEEP setup ## predict many configurations and projects, simulate the best
	heepstor sweep$(hardware) -- "$$SWEEP"

vivado-fpga: given-FPGA_BOARD setup ## write the project for Vivado of a board, and make the bitstream
	heepstor fpga$(hardware) --board "$$FPGA_BOARD"

heepstor-gen: setup ## write what depends on the hardware description
	heepstor gen$(hardware)

mcu-gen: setup ## heepstor-gen, and build the simulator of the SoC
	heepstor mcu-gen$(hardware)

test: setup-options = --tests
test: setup ## run every test
	pytest verif/ -n 8

lint: setup ## check style and import rules of Python, SystemVerilog and C++
	scripts/lint

format: setup ## rewrite the sources in the project's style
	scripts/lint --fix

types: setup ## check the types of the Python code
	mypy

docs: setup ## build the documentation site, build/site/index.html
	sphinx-build -E -W --keep-going -d build/docs docs build/site

docs-serve: docs ## show it at http://127.0.0.1:8000, until Ctrl-C
	python -m http.server --bind 127.0.0.1 --directory build/site 8000

doctor: ## list each tool: found, version, how to get it
	@python3 -I heepstor/doctor.py

clean: ## remove everything generated
	rm -rf build sw/apps/*/gen .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

distclean: clean ## clean, and remove the environment
	rm -rf .venv *.egg-info

given-%:
	@$(if $($*),:,$(error $* is missing: make $(firstword $(MAKECMDGOALS)) $*=$(accepted-$*)))

accepted-PROJECT = name; there are: $(notdir $(wildcard sw/apps/*))
accepted-DATA = folder
accepted-LOG = file
accepted-PORT = device, as /dev/ttyUSB1
accepted-FPGA_BOARD = name; there are: $(patsubst boards/%.hjson,%,$(wildcard boards/*.hjson))
accepted-SWEEP = file, as docs/sweep.hjson

.PHONY: help setup sim waves profile run picocom run-fpga-com app compare history train accuracy sweep vivado-fpga heepstor-gen mcu-gen test lint format types docs docs-serve doctor clean distclean
.DEFAULT_GOAL := help
