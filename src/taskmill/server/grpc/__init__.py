"""The gRPC face: proto/taskmill/v1 and proto/taskqueue, translated over the service."""
