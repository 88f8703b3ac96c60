package live

// The most that one viewer shows: what fits on a large screen.
const (
	MostNames     = 60  // services, and as many routes
	MostInstances = 200 // of one service
)

// Wish is what a viewer shows.
type Wish struct {
	// Services are names of services, as the table has them, and Routes ids of routes; MostNames each.
	Services, Routes []string
	// TopServices and TopRoutes are figures: the MostNames services, or routes, with the largest are shown besides; "" shows none.
	TopServices, TopRoutes By
	// Detail is a service of which MostInstances instances from Offset on are shown; "" is none.
	Detail string
	Offset int
}

// detail is a part of a service's instances.
type detail struct {
	service string
	offset  int
}

// wishes is what several viewers show together.
type wishes struct {
	services, routes map[string]struct{}
	details          map[string]map[int]struct{} // offsets by service

	topServices, topRoutes map[By][]string // names, once they are known
}

func (a *wishes) add(w *Wish) {
	if a.services == nil {
		a.services, a.routes, a.details = map[string]struct{}{}, map[string]struct{}{}, map[string]map[int]struct{}{}
		a.topServices, a.topRoutes = map[By][]string{}, map[By][]string{}
	}
	if w.TopServices != "" {
		a.topServices[w.TopServices] = nil
	}
	if w.TopRoutes != "" {
		a.topRoutes[w.TopRoutes] = nil
	}
	for _, name := range w.Services {
		a.services[name] = struct{}{}
	}
	for _, id := range w.Routes {
		a.routes[id] = struct{}{}
	}
	if w.Detail == "" {
		return
	}
	if a.details[w.Detail] == nil {
		a.details[w.Detail] = map[int]struct{}{}
	}
	a.details[w.Detail][w.Offset] = struct{}{}
}
