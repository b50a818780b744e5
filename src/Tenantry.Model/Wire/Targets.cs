namespace Tenantry.Model.Wire;

/// <summary>Body of <c>PUT /v1/targets/{name}</c>: the whole target. A new one needs no <c>If-Match</c>.</summary>
/// <param name="Kind">A kind of the catalogue; cannot be changed later.</param>
/// <param name="Options">The kind's options; unknown ones are refused.</param>
/// <param name="RepairDrift">Whether drift is repaired or only reported; true when null.</param>
/// <param name="Parallel">Instances worked on at once, 1 to 256; 8 when null.</param>
public sealed record PutTargetRequest(
    string Kind,
    IReadOnlyDictionary<string, string>? Options = null,
    bool? RepairDrift = null,
    int? Parallel = null);

/// <summary>A configured target. <paramref name="Version"/> is its ETag; <paramref name="Home"/> the engine whose machine it is, or null where every engine works on it.</summary>
public sealed record TargetResponse(
    string Name,
    string Kind,
    IReadOnlyDictionary<string, string> Options,
    bool RepairDrift,
    int Parallel,
    long Version,
    DateTimeOffset CreatedAt,
    string? Home = null);

/// <summary>A target as who deploys may choose it: nothing of how and where it is reached.</summary>
/// <param name="Name">To say as <c>target</c> of a new instance.</param>
/// <param name="Kind">Such as <c>docker</c>.</param>
/// <param name="Capabilities">What it can besides running an instance: <c>logs</c>, <c>stats</c>, <c>exec</c>, <c>freeze</c>, <c>data</c> (export and import), <c>resize</c> (limits without a restart).</param>
public sealed record TargetChoiceResponse(string Name, string Kind, IReadOnlyList<string> Capabilities);

/// <summary>A kind of target that this server knows, and what its options mean.</summary>
public sealed record TargetKindResponse(string Kind, string Summary, IReadOnlyDictionary<string, string> Options);

/// <summary>Answer to <c>POST /v1/targets/{name}/check</c>.</summary>
public sealed record TargetCheckResponse(string Target, bool Works, IReadOnlyList<TargetFindingResponse> Findings);

/// <summary>One thing that was looked at. <paramref name="Level"/> is <c>Ok</c>, <c>Note</c> or <c>Missing</c>; <paramref name="Fix"/> the command that mends it.</summary>
public sealed record TargetFindingResponse(string Subject, string Level, string Message, string? Fix);

/// <summary>Answer to <c>GET /v1/orphans</c>: a list that always comes whole.</summary>
/// <param name="Items">What was found.</param>
/// <param name="Next">Always null.</param>
/// <param name="Unreachable">Targets that could not be asked: what they hold is not known.</param>
public sealed record OrphansResponse(IReadOnlyList<OrphanResponse> Items, string? Next, IReadOnlyList<UnreachableTargetResponse> Unreachable);

/// <summary>A target that could not be asked, and why.</summary>
public sealed record UnreachableTargetResponse(string Target, string Reason);

/// <summary>
/// Something on a target that carries our ownership label and belongs to no instance. <paramref name="Home"/>: the engine at which the target is at home now, when this is
/// what stayed on the machine of the engine that was asked; else null.
/// </summary>
public sealed record OrphanResponse(string Target, string Id, string Slug, string Owner, string? Home = null);
