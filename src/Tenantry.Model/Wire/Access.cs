namespace Tenantry.Model.Wire;

/// <summary>Body of <c>POST /v1/tokens</c>, which is served on the Unix socket alone.</summary>
/// <param name="Name">Names it in lists and in the audit.</param>
/// <param name="ExpiresInSeconds">From now; null: never.</param>
/// <param name="Role">What who holds it may do.</param>
/// <param name="Organization">In which organization, for owner, member and viewer; null: everywhere.</param>
public sealed record CreateTokenRequest(string Name, double? ExpiresInSeconds = null, Role Role = Role.Admin, string? Organization = null);

/// <summary>A new token: the only time that its text is shown.</summary>
public sealed record CreateTokenResponse(string Name, string Token, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, Role Role = Role.Admin, string? Organization = null)
{
    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => $"CreateTokenResponse {Name}";
}

/// <summary>A token without its text.</summary>
/// <param name="Name">Names it in lists and in the audit.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends; null: never.</param>
/// <param name="Role">What who holds it may do.</param>
/// <param name="Organization">In which organization; null: everywhere.</param>
/// <param name="LastUsedAt">To the minute; null: never.</param>
public sealed record TokenResponse(string Name, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, Role Role = Role.Admin, string? Organization = null, DateTimeOffset? LastUsedAt = null);

/// <summary>One audit row.</summary>
public sealed record AuditResponse(
    long Sequence,
    DateTimeOffset At,
    string Actor,
    string Action,
    string Subject,
    string Outcome,
    string Detail,
    string RequestId,
    string PreviousHash,
    string Hash)
{
    /// <summary>How the actor was let in: <c>socket</c>, <c>token …</c> or <c>session …</c> with the beginning of its hash, <c>provider</c>; empty for rows of before this was noted.</summary>
    public string Through { get; init; } = "";

    /// <summary>What was so before and is so now.</summary>
    public IReadOnlyList<ChangeResponse> Changes { get; init; } = [];
}

/// <summary>One line of <c>GET /v1/audit/export</c>: a row exactly as its hash covers it.</summary>
/// <param name="Sequence">Its number, from 1.</param>
/// <param name="Micros">When: microseconds since 1970.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Subject">What to.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Detail">More.</param>
/// <param name="RequestId">Of the request.</param>
/// <param name="Through">How the actor was let in.</param>
/// <param name="Changes">JSON text, or nothing.</param>
/// <param name="PreviousHash">Of the row before.</param>
/// <param name="Hash">SHA-256 over all of this, in hexadecimal.</param>
public sealed record AuditExportRow(
    long Sequence, long Micros, string Actor, string Action, string Subject, string Outcome, string Detail, string RequestId, string Through, string Changes, string PreviousHash, string Hash)
{
    /// <summary>Whose thing it is about; empty, and not there in exports of before this was noted: nobody's but the platform's.</summary>
    public string? Organization { get; init; }
}

/// <summary>The last line of an export, without which it is not whole.</summary>
/// <param name="EndSequence">The newest row.</param>
/// <param name="EndHash">Its hash.</param>
/// <param name="Owner">Whose audit it is.</param>
public sealed record AuditExportEnd(long EndSequence, string EndHash, string Owner);

/// <summary>Answer to <c>GET /v1/audit/verify</c>: <paramref name="Problem"/> names the first bad row, null when the chain is whole.</summary>
public sealed record AuditVerifyResponse(bool Whole, string? Problem);

/// <summary>Data of one event of <c>GET /v1/events</c>; its <c>id</c> is the sequence, its <c>event</c> the kind.</summary>
/// <param name="Sequence">Grows; send it back as <c>Last-Event-ID</c> to go on from there.</param>
/// <param name="Kind"><c>instance</c>, <c>operation</c>, <c>app</c>, <c>tenant</c> or <c>target</c>.</param>
/// <param name="Key">What changed: an id or a name.</param>
/// <param name="Action">What happened to it.</param>
/// <param name="At">When.</param>
/// <param name="Slug">The instance's slug, for an instance and its operations; null when it is gone by now.</param>
public sealed record EventResponse(long Sequence, string Kind, string Key, string Action, DateTimeOffset At, string? Slug = null);

/// <summary>Answer to <c>GET /v1/server</c>.</summary>
/// <param name="Version">Of this program.</param>
/// <param name="Owner">The control plane's id: the ownership label on everything outside.</param>
/// <param name="BaseDomain">Instances answer at <c>SLUG.BASE-DOMAIN</c>.</param>
/// <param name="Gateway">Address of the gateway, or null when it is not known here.</param>
/// <param name="StoreAvailable">Whether the database answers.</param>
/// <param name="EngineAvailable">Whether the engine answers.</param>
/// <param name="StartedAt">When this process started.</param>
public sealed record ServerResponse(
    string Version,
    string Owner,
    string BaseDomain,
    string? Gateway,
    bool StoreAvailable,
    bool EngineAvailable,
    DateTimeOffset StartedAt);
