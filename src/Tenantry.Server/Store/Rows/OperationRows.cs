using Tenantry.Model.Operations;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class OperationRows
{
    private const string Columns =
        "id, kind, instance_id, slug, requested_by, generation, state, steps, percent, error, created_at, finished_at";

    private const string Open = "state IN ('Pending', 'Running')";

    public static async Task InsertAsync(Session session, Operation operation)
    {
        await session.ExecuteAsync(
            $"""
            INSERT INTO operations ({Columns}, organization)
            VALUES (@Id, @Kind, @InstanceId, @Slug, @RequestedBy, @Generation, @State, @Steps, @Percent, @Error, @CreatedAt, @FinishedAt,
                COALESCE((SELECT organization FROM instances WHERE instances.id = @InstanceId), ''))
            """,
            Values(operation));
        session.Changed("operation", operation.Id, "created");
    }

    /// <summary>An operation that ended stays as it ended: a late write to it changes nothing.</summary>
    public static async Task WriteAsync(Session session, Operation operation)
    {
        var written = await session.ExecuteAsync(
            $"""
            UPDATE operations SET state = @State, steps = @Steps, percent = @Percent, error = @Error, finished_at = @FinishedAt
            WHERE id = @Id AND {Open}
            """,
            Values(operation));
        if (written > 0)
            session.Changed("operation", operation.Id, "updated");
    }

    public static async Task SupersedeAsync(Session session, string instanceId)
    {
        var ids = await session.ListAsync<string>(
            $"UPDATE operations SET state = 'Superseded', finished_at = @now WHERE instance_id = @instanceId AND {Open} RETURNING id",
            new { instanceId, now = session.NowMicros });
        foreach (var id in ids)
            session.Changed("operation", id, "updated");
    }

    public static async Task<Operation?> FindAsync(Session session, string id) =>
        (await session.FirstAsync<OperationRow>($"SELECT {Columns} FROM operations WHERE id = @id", new { id }))?.ToOperation();

    /// <summary>Null when there is no such operation.</summary>
    public static Task<string?> FindOrganizationAsync(Session session, string id) =>
        session.FirstAsync<string>("SELECT organization FROM operations WHERE id = @id", new { id });

    public static async Task<Operation?> FindOpenAsync(Session session, string instanceId) =>
        (await session.FirstAsync<OperationRow>(
            $"SELECT {Columns} FROM operations WHERE instance_id = @instanceId AND {Open} ORDER BY id DESC LIMIT 1",
            new { instanceId }))?.ToOperation();

    /// <summary>The newest of an instance, finished or not, or null.</summary>
    public static async Task<Operation?> FindNewestAsync(Session session, string instanceId) =>
        (await session.FirstAsync<OperationRow>($"SELECT {Columns} FROM operations WHERE instance_id = @instanceId ORDER BY id DESC LIMIT 1", new { instanceId }))?.ToOperation();

    /// <summary>Newest first.</summary>
    public static async Task<Page<Operation>> ListAsync(Session session, string? instanceId, IReadOnlyList<string>? organizations, PageRequest page)
    {
        var before = Cursor.Read(page);
        var conditions = new List<string>();
        if (instanceId is not null)
            conditions.Add("instance_id = @instanceId");
        if (organizations is not null)
            conditions.Add(session.Dialect.In("organization", "@organizations"));
        if (before is not null)
            conditions.Add("id < @before");
        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        var rows = await session.ListAsync<OperationRow>(
            $"SELECT {Columns} FROM operations{where} ORDER BY id DESC LIMIT @limit",
            new { instanceId, organizations = organizations?.ToArray(), before, limit = (long)Cursor.Fetch(page) });
        return Cursor.Page(rows, page, row => row.ToOperation(), row => row.Id);
    }

    private static object Values(Operation operation) => new
    {
        operation.Id,
        Kind = operation.Kind.ToString(),
        operation.InstanceId,
        operation.Slug,
        operation.RequestedBy,
        operation.Generation,
        State = operation.State.ToString(),
        Steps = StoreJson.Write(operation.Steps, StoreJson.Default.IReadOnlyListOperationStep),
        Percent = (long)operation.Percent,
        operation.Error,
        CreatedAt = StoreTime.ToMicros(operation.CreatedAt),
        FinishedAt = StoreTime.ToMicros(operation.FinishedAt),
    };

    private sealed record OperationRow
    {
        public string Id { get; init; } = "";
        public string Kind { get; init; } = "";
        public string InstanceId { get; init; } = "";
        public string Slug { get; init; } = "";
        public string RequestedBy { get; init; } = "";
        public long Generation { get; init; }
        public string State { get; init; } = "";
        public string Steps { get; init; } = "";
        public long Percent { get; init; }
        public string? Error { get; init; }
        public long CreatedAt { get; init; }
        public long? FinishedAt { get; init; }

        public Operation ToOperation() => new(
            Id,
            Enum.Parse<OperationKind>(Kind),
            InstanceId,
            Slug,
            RequestedBy,
            Generation,
            Enum.Parse<OperationState>(State),
            StoreJson.Read(Steps, StoreJson.Default.IReadOnlyListOperationStep),
            (int)Percent,
            Error,
            StoreTime.FromMicros(CreatedAt),
            StoreTime.FromMicros(FinishedAt));
    }
}
