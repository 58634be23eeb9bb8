"""What every face stands on: admission, views, filters, live events. No HTTP."""
