package conformance

const childEnv = "POINTSMAN_CONFORMANCE"

func child(job string) int { return 0 }
