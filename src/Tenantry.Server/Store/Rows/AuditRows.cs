using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class AuditRows
{
    private const string Columns = "sequence, actor, action, subject, outcome, detail, request_id, at, previous_hash, hash";
    private const int VerifyAtOnce = 1000;

    public static async Task AppendAsync(Session session, AuditEntry entry)
    {
        // The head's row lock makes appends follow each other.
        var head = (await session.FirstAsync<HeadRow>(
            "UPDATE audit_head SET sequence = sequence + 1 WHERE one = 1 RETURNING sequence, hash"))!;
        var hash = AuditChain.Hash(head.Sequence, entry, head.Hash);
        await session.ExecuteAsync(
            $"""
            INSERT INTO audit ({Columns})
            VALUES (@Sequence, @Actor, @Action, @Subject, @Outcome, @Detail, @RequestId, @At, @PreviousHash, @hash)
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
            });
        await session.ExecuteAsync("UPDATE audit_head SET hash = @hash WHERE one = 1", new { hash });
    }

    /// <summary>Newest first.</summary>
    public static async Task<Page<AuditRow>> ListAsync(Session session, PageRequest page)
    {
        var rows = await session.ListAsync<Row>(
            $"SELECT {Columns} FROM audit WHERE sequence < @before ORDER BY sequence DESC LIMIT @limit",
            new { before = Cursor.ReadNumber(page) ?? long.MaxValue, limit = (long)Cursor.Fetch(page) });
        return Cursor.Page(rows, page, row => row.ToAudit(), row => $"{row.Sequence}");
    }

    public static async Task<string?> VerifyAsync(Session session)
    {
        // Rows that are appended meanwhile are not looked at.
        var head = (await session.FirstAsync<HeadRow>(
            "SELECT h.sequence, h.hash, (SELECT COALESCE(MAX(a.sequence), 0) FROM audit a) AS newest FROM audit_head h WHERE h.one = 1"))!;
        var walk = new AuditWalk();
        var last = Math.Max(head.Sequence, head.Newest);
        for (var from = 0L; ;)
        {
            var rows = await session.ListAsync<Row>(
                $"SELECT {Columns} FROM audit WHERE sequence > @from AND sequence <= @last ORDER BY sequence LIMIT @limit",
                new { from, last, limit = (long)VerifyAtOnce });
            foreach (var row in rows)
            {
                if (walk.Add(row.ToAudit()) is { } bad)
                    return bad;
                from = row.Sequence;
            }
            if (rows.Count < VerifyAtOnce)
                return walk.End(head.Sequence, head.Hash);
        }
    }

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

        public AuditRow ToAudit() => new(
            Sequence, new AuditEntry(Actor, Action, Subject, Outcome, Detail, RequestId, StoreTime.FromMicros(At)), PreviousHash, Hash);
    }
}
