PYTHON ?= python3

.PHONY: demo test test-fast check bench clean lock packages
demo test test-fast check bench clean lock packages:
	@$(PYTHON) -m deploy.setup $@ $(ARGS)
