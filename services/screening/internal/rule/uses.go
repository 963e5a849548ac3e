package rule

import (
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

func (s *Scene) uses() []string {
	if s.order.EndUse == nil {
		return nil
	}
	return s.order.EndUse.Uses
}

func use(name string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val { return types.Bool(slices.Contains(s.uses(), name)) }
}

// training says whether the items are to train AI models; unknown when no use is stated.
func (s *Scene) training() ref.Val {
	if len(s.uses()) == 0 {
		return s.unknown("end_use.uses")
	}
	return types.Bool(slices.Contains(s.uses(), "ai_training"))
}

// trainingForD5M says whether models are trained for a party headquartered in Macau or a D:5 place: as stated, else as
// the parties themselves are.
func (s *Scene) trainingForD5M() ref.Val {
	if u := s.order.EndUse; u != nil && u.TrainingFor != "" {
		return s.d5m(u.TrainingFor)
	}
	return s.anyD5M()
}

// technicalAnalysis says whether technical analysis is the only stated use (guidance of 2025-05-13).
func (s *Scene) technicalAnalysis() ref.Val {
	return types.Bool(len(s.uses()) == 1 && s.uses()[0] == "technical_analysis")
}

func (s *Scene) withheld() ref.Val {
	u := s.order.EndUse
	return types.Bool(u != nil && u.Withheld != nil && *u.Withheld)
}

func (s *Scene) power() (mw float64, stated bool) {
	u := s.order.EndUse
	if u == nil || u.PowerMW == "" {
		return 0, false
	}
	return u.PowerMW.Float(), true
}

func (s *Scene) certified(kind string) ref.Val {
	for _, c := range s.order.Certs {
		if c.Kind == kind {
			return types.True
		}
	}
	return types.False
}
