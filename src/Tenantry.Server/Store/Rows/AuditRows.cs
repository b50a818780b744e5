using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class AuditRows
{
    private const string Columns = "sequence, actor, action, subject, outcome, detail, request_id, at, previous_hash, hash, through, changes, organization";
    private const int VerifyAtOnce = 1000;

    public static async Task AppendAsync(Session session, AuditEntry wanted)
    {
        var entry = AuditText.Plain(wanted);
        // The head's row lock makes appends follow each other.
        var head = (await session.FirstAsync<HeadRow>(
            "UPDATE audit_head SET sequence = sequence + 1 WHERE one = 1 RETURNING sequence, hash"))!;
        var hash = AuditChain.Hash(head.Sequence, entry, head.Hash);
        await session.ExecuteAsync(
            $"""
            INSERT INTO audit ({Columns})
            VALUES (@Sequence, @Actor, @Action, @Subject, @Outcome, @Detail, @RequestId, @At, @PreviousHash, @hash, @Through, @Changes, @Organization)
            """,
            new
            {
                head.Sequence,
                entry.Actor,
                entry.Action,
                entry.Subject,
                entry.Outcome,
                entry.Detail,
                entry.RequestId,
                At = StoreTime.ToMicros(entry.At),
                PreviousHash = head.Hash,
                hash,
                entry.Through,
                entry.Changes,
                entry.Organization,
            });
        await session.ExecuteAsync("UPDATE audit_head SET hash = @hash WHERE one = 1", new { hash });
    }

    /// <summary>Newest first.</summary>
    public static async Task<Page<AuditRow>> ListAsync(Session session, AuditFilter filter, PageRequest page)
    {
        var conditions = new List<string> { "sequence < @before" };
        if (filter.Actor is not null)
            conditions.Add("actor = @Actor");
        if (filter.Action is not null)
            conditions.Add("(action = @Action OR substr(action, 1, @kindLength) = @kind)");
        if (filter.Subject is not null)
            conditions.Add("subject = @Subject");
        if (filter.Outcome is not null)
            conditions.Add("outcome = @Outcome");
        if (filter.Since is not null)
            conditions.Add("at >= @since");
        if (filter.Until is not null)
            conditions.Add("at < @until");
        // One that was removed and made anew is another one.
        if (filter.Organizations is not null)
            conditions.Add($"{session.Dialect.In("organization", "@organizations")} AND at >= (SELECT o.created_at FROM organizations o WHERE o.name = audit.organization)");
        var kind = $"{filter.Action}.";
        var rows = await session.ListAsync<Row>(
            $"SELECT {Columns} FROM audit WHERE {string.Join(" AND ", conditions)} ORDER BY sequence DESC LIMIT @limit",
            new
            {
                before = Cursor.ReadNumber(page) ?? long.MaxValue,
                filter.Actor,
                filter.Action,
                kind,
                kindLength = kind.Length,
                filter.Subject,
                filter.Outcome,
                since = StoreTime.ToMicros(filter.Since),
                until = StoreTime.ToMicros(filter.Until),
                organizations = filter.Organizations?.ToArray(),
                limit = (long)Cursor.Fetch(page),
            });
        return Cursor.Page(rows, page, row => row.ToAudit(), row => $"{row.Sequence}");
    }

    /// <summary>Oldest first.</summary>
    public static async Task<IReadOnlyList<AuditRow>> ReadAsync(Session session, long from, long last, long limit) =>
        [.. (await ReadRowsAsync(session, from, last, limit)).Select(row => row.ToAudit())];

    public static async Task<AuditHead> HeadAsync(Session session)
    {
        var head = (await session.FirstAsync<HeadRow>("SELECT sequence, hash, 0 AS newest FROM audit_head WHERE one = 1"))!;
        return new AuditHead(head.Sequence, head.Hash);
    }

    public static async Task<string?> VerifyAsync(Session session)
    {
        // Rows that are appended meanwhile are not looked at.
        var head = (await session.FirstAsync<HeadRow>(
            "SELECT h.sequence, h.hash, (SELECT COALESCE(MAX(a.sequence), 0) FROM audit a) AS newest FROM audit_head h WHERE h.one = 1"))!;
        var walk = new AuditWalk();
        var last = Math.Max(head.Sequence, head.Newest);
        // From the very first: one may have been slipped in before those that were written.
        for (var from = long.MinValue; ;)
        {
            var rows = await ReadRowsAsync(session, from, last, VerifyAtOnce);
            foreach (var row in rows)
            {
                if (Look(walk, row) is { } bad)
                    return bad;
                from = row.Sequence;
            }
            if (rows.Count < VerifyAtOnce)
                return walk.End(head.Sequence, head.Hash);
        }
    }

    private static string? Look(AuditWalk walk, Row row)
    {
        try
        {
            return walk.Add(row.ToAudit());
        }
        catch (Exception mistake) when (mistake is ArgumentOutOfRangeException or OverflowException)
        {
            // A time that is none.
            return AuditWalk.Changed(row.Sequence);
        }
    }

    private static Task<IReadOnlyList<Row>> ReadRowsAsync(Session session, long from, long last, long limit) => session.ListAsync<Row>(
        $"SELECT {Columns} FROM audit WHERE sequence > @from AND sequence <= @last ORDER BY sequence LIMIT @limit", new { from, last, limit });

    private sealed record HeadRow
    {
        public long Sequence { get; init; }
        public string Hash { get; init; } = "";
        public long Newest { get; init; }
    }

    private sealed record Row
    {
        public long Sequence { get; init; }
        public string Actor { get; init; } = "";
        public string Action { get; init; } = "";
        public string Subject { get; init; } = "";
        public string Outcome { get; init; } = "";
        public string Detail { get; init; } = "";
        public string RequestId { get; init; } = "";
        public long At { get; init; }
        public string PreviousHash { get; init; } = "";
        public string Hash { get; init; } = "";
        public string Through { get; init; } = "";
        public string Changes { get; init; } = "";
        public string Organization { get; init; } = "";

        public AuditRow ToAudit() => new(
            Sequence, new AuditEntry(Actor, Action, Subject, Outcome, Detail, RequestId, StoreTime.FromMicros(At)) { Through = Through, Changes = Changes, Organization = Organization }, PreviousHash, Hash);
    }
}
