using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>How a pass ended: with something to write, or with a look that saw nothing new.</summary>
internal sealed record Finished(PassOutcome? Outcome, QuietLook? Quiet, PassEnd End, DateTimeOffset? NextLookAt);
