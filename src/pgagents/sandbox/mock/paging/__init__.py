"""The mock's pages: how a page is requested, one way a module, and how an answer says what comes next."""
