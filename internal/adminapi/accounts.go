package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/adminapi/gql"
)

// AnonymizeUser resolves anonymizeUser.
func (c *call) AnonymizeUser(ctx context.Context, in gql.AnonymizeUserInput) (*gql.AnonymizeUserPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	if _, err := c.Directory.Anonymize(ctx, c.by, c.project, id); err != nil {
		return nil, err
	}
	return &gql.AnonymizeUserPayload{AnonymizedUserID: in.UserID}, nil
}

// ScheduleAccountDeletion resolves scheduleAccountDeletion.
func (c *call) ScheduleAccountDeletion(ctx context.Context, in gql.ScheduleAccountDeletionInput) (*gql.ScheduleAccountDeletionPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.ScheduleDeletion(ctx, c.by, c.project, id, value(in.Reason))
	if err != nil {
		return nil, err
	}
	return &gql.ScheduleAccountDeletionPayload{User: c.users(u)[0]}, nil
}

// UnscheduleAccountDeletion resolves unscheduleAccountDeletion.
func (c *call) UnscheduleAccountDeletion(ctx context.Context, in gql.UnscheduleAccountDeletionInput) (*gql.UnscheduleAccountDeletionPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.UnscheduleDeletion(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.UnscheduleAccountDeletionPayload{User: c.users(u)[0]}, nil
}

// ScheduleAccountAnonymization resolves scheduleAccountAnonymization.
func (c *call) ScheduleAccountAnonymization(ctx context.Context, in gql.ScheduleAccountAnonymizationInput) (*gql.ScheduleAccountAnonymizationPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.ScheduleAnonymization(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.ScheduleAccountAnonymizationPayload{User: c.users(u)[0]}, nil
}

// UnscheduleAccountAnonymization resolves unscheduleAccountAnonymization.
func (c *call) UnscheduleAccountAnonymization(ctx context.Context, in gql.UnscheduleAccountAnonymizationInput) (*gql.UnscheduleAccountAnonymizationPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.UnscheduleAnonymization(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.UnscheduleAccountAnonymizationPayload{User: c.users(u)[0]}, nil
}

// SetAccountValidFrom resolves setAccountValidFrom.
func (c *call) SetAccountValidFrom(ctx context.Context, in gql.SetAccountValidFromInput) (*gql.SetAccountValidFromPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.SetAccountValidFrom(ctx, c.by, c.project, id, in.AccountValidFrom)
	if err != nil {
		return nil, err
	}
	return &gql.SetAccountValidFromPayload{User: c.users(u)[0]}, nil
}

// SetAccountValidUntil resolves setAccountValidUntil.
func (c *call) SetAccountValidUntil(ctx context.Context, in gql.SetAccountValidUntilInput) (*gql.SetAccountValidUntilPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.SetAccountValidUntil(ctx, c.by, c.project, id, in.AccountValidUntil)
	if err != nil {
		return nil, err
	}
	return &gql.SetAccountValidUntilPayload{User: c.users(u)[0]}, nil
}

// SetAccountValidPeriod resolves setAccountValidPeriod.
func (c *call) SetAccountValidPeriod(ctx context.Context, in gql.SetAccountValidPeriodInput) (*gql.SetAccountValidPeriodPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.SetAccountValidPeriod(ctx, c.by, c.project, id, in.AccountValidFrom, in.AccountValidUntil)
	if err != nil {
		return nil, err
	}
	return &gql.SetAccountValidPeriodPayload{User: c.users(u)[0]}, nil
}
