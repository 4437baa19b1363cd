/// Version of both programs.
public let reflowVersion = "0.1.0"
