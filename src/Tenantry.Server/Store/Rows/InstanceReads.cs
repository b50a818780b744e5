using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>Reads spec and status of instances together.</summary>
internal static class InstanceReads
{
    private const string Select =
        """
        SELECT i.id, i.slug, i.tenant, i.organization, i.app, i.environment, i.target, i.tier, i.release, i.hosts, i.features,
            i.desired, i.restart_nonce, i.generation, i.created_at, i.hold, i.llm, i.said_at,
            s.phase, s.health, s.reason, s.observed_generation, s.release AS seen_release, s.conditions, s.resources, s.drift,
            s.endpoint, s.failures, s.next_look_at, s.wake, s.changed_at,
            r.depth AS rest_depth, r.reason AS rest_reason, r.at AS rest_at, r.idle_since AS rest_idle_since
        FROM instances i JOIN statuses s ON s.instance_id = i.id LEFT JOIN rests r ON r.instance_id = i.id
        """;

    public static async Task<InstanceRecord?> FindAsync(Session session, string id) =>
        (await session.FirstAsync<RecordRow>($"{Select} WHERE i.id = @id", new { id }))?.ToRecord();

    public static async Task<InstanceRecord?> FindBySlugAsync(Session session, string slug) =>
        (await session.FirstAsync<RecordRow>($"{Select} WHERE i.slug = @slug", new { slug }))?.ToRecord();

    public static async Task<IReadOnlyList<InstanceRecord>> FindManyAsync(Session session, IReadOnlyList<string> ids) =>
        [.. (await session.ListAsync<RecordRow>($"{Select} WHERE {session.Dialect.In("i.id", "@ids")}", new { ids = ids.ToArray() }))
            .Select(row => row.ToRecord())];

    /// <summary>By slug.</summary>
    public static async Task<Page<InstanceRecord>> ListAsync(Session session, InstanceFilter filter, PageRequest page)
    {
        var rows = await session.ListAsync<RecordRow>(
            $"{Select} WHERE i.slug > @after{Conditions(session, filter)} ORDER BY {Order(filter.Order)} LIMIT @limit OFFSET @offset", Values(filter, page));
        var found = Cursor.Page(rows, page, row => row.ToRecord(), row => row.Slug);
        return filter.Order == InstanceOrder.Slug ? found : found with { Next = null };
    }

    public static async Task<IReadOnlyList<InstanceCount>> CountAsync(Session session, InstanceFilter filter)
    {
        var rows = await session.ListAsync<CountRow>(
            $"""
            SELECT s.phase, s.health, COUNT(*) AS count, SUM(CASE WHEN s.drift = '[]' THEN 0 ELSE 1 END) AS drifted
            FROM instances i JOIN statuses s ON s.instance_id = i.id WHERE i.slug > ''{Conditions(session, filter)} GROUP BY s.phase, s.health
            """,
            Values(filter, new PageRequest()));
        return [.. rows.Select(row => new InstanceCount(Enum.Parse<InstancePhase>(row.Phase), Enum.Parse<InstanceHealth>(row.Health), (int)row.Count, (int)row.Drifted))];
    }

    private static string Order(InstanceOrder order) => order switch
    {
        InstanceOrder.SlugDown => "i.slug DESC",
        InstanceOrder.App => "i.app, i.slug",
        InstanceOrder.Target => "i.target, i.slug",
        InstanceOrder.State => "s.phase, i.slug",
        InstanceOrder.Created => "i.created_at, i.slug",
        InstanceOrder.CreatedDown => "i.created_at DESC, i.slug",
        _ => "i.slug",
    };

    private static string Conditions(Session session, InstanceFilter filter)
    {
        var text = "";
        if (filter.Tenant is not null)
            text += " AND i.tenant = @Tenant";
        if (filter.App is not null)
            text += " AND i.app = @App";
        if (filter.Target is not null)
            text += " AND i.target = @Target";
        if (filter.Organization is not null)
            text += " AND i.organization = @Organization";
        if (filter.Organizations is not null)
            text += $" AND {session.Dialect.In("i.organization", "@organizations")}";
        if (filter.Phase is not null)
            text += " AND s.phase = @phase";
        if (filter.Health is not null)
            text += " AND s.health = @health";
        if (filter.Text is not null)
            text += " AND (i.slug LIKE @like ESCAPE '!' OR i.tenant LIKE @like ESCAPE '!' OR i.app LIKE @like ESCAPE '!')";
        return text;
    }

    private static object Values(InstanceFilter filter, PageRequest page) => new
    {
        after = Cursor.Read(page) ?? "",
        filter.Tenant,
        filter.App,
        filter.Target,
        filter.Organization,
        organizations = filter.Organizations?.ToArray(),
        phase = filter.Phase?.ToString(),
        health = filter.Health?.ToString(),
        like = filter.Text is { } text ? $"%{Literal(text)}%" : null,
        limit = (long)Cursor.Fetch(page),
        offset = (long)page.Offset,
    };

    // Names are lower case.
    private static string Literal(string text) =>
        text.ToLowerInvariant().Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);

    private sealed record CountRow
    {
        public string Phase { get; init; } = "";
        public string Health { get; init; } = "";
        public long Count { get; init; }
        public long Drifted { get; init; }
    }
}

internal record SpecRow
{
    public string Id { get; init; } = "";
    public string Slug { get; init; } = "";
    public string Tenant { get; init; } = "";
    public string Organization { get; init; } = "";
    public string App { get; init; } = "";
    public string Environment { get; init; } = "";
    public string Target { get; init; } = "";
    public string Tier { get; init; } = "";
    public string Release { get; init; } = "";
    public string Hosts { get; init; } = "";
    public string Features { get; init; } = "";
    public string Desired { get; init; } = "";
    public long RestartNonce { get; init; }
    public long Generation { get; init; }
    public long CreatedAt { get; init; }
    public string Hold { get; init; } = "";
    public string? Llm { get; init; }

    public InstanceSpec ToSpec() => new(
        Id,
        Slug,
        Tenant,
        Organization,
        App,
        Environment,
        Target,
        Tier,
        Release,
        StoreJson.Read(Hosts, StoreJson.Default.IReadOnlyListString),
        StoreJson.ReadValues(Features),
        Enum.Parse<DesiredState>(Desired),
        RestartNonce,
        Generation,
        StoreTime.FromMicros(CreatedAt))
    {
        Hold = Enum.Parse<InstanceHold>(Hold),
        Llm = StoreJson.ReadOptional(Llm, StoreJson.Default.LlmWish) ?? LlmWish.None,
    };
}

internal sealed record RecordRow : SpecRow
{
    public string Phase { get; init; } = "";
    public string Health { get; init; } = "";
    public string Reason { get; init; } = "";
    public long ObservedGeneration { get; init; }
    public string? SeenRelease { get; init; }
    public string Conditions { get; init; } = "";
    public string Resources { get; init; } = "";
    public string Drift { get; init; } = "";
    public string? Endpoint { get; init; }
    public long Failures { get; init; }
    public long NextLookAt { get; init; }
    public string? Wake { get; init; }
    public long ChangedAt { get; init; }
    public string? RestDepth { get; init; }
    public string? RestReason { get; init; }
    public long? RestAt { get; init; }
    public long? RestIdleSince { get; init; }
    public long? SaidAt { get; init; }

    public InstanceRecord ToRecord() => new(ToSpec(), new InstanceStatus(
        Id,
        Enum.Parse<InstancePhase>(Phase),
        Enum.Parse<InstanceHealth>(Health),
        Reason,
        ObservedGeneration,
        SeenRelease,
        StoreJson.Read(Conditions, StoreJson.Default.IReadOnlyListCondition),
        StoreJson.Read(Resources, StoreJson.Default.IReadOnlyListResourceObservation),
        StoreJson.Read(Drift, StoreJson.Default.IReadOnlyListDriftItem),
        StoreJson.ReadOptional(Endpoint, StoreJson.Default.Endpoint),
        (int)Failures,
        StoreTime.FromMicros(NextLookAt),
        StoreJson.ReadOptional(Wake, StoreJson.Default.WakeRecord),
        StoreTime.FromMicros(ChangedAt)))
    {
        Rest = RestDepth is null
            ? null
            : new InstanceRest(Enum.Parse<DesiredState>(RestDepth), RestReason!, StoreTime.FromMicros(RestAt!.Value), StoreTime.FromMicros(RestIdleSince!.Value)),
        SaidAt = StoreTime.FromMicros(SaidAt),
    };
}
