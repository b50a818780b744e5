using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class AnswerRows
{
    private const string Columns = "key, request_hash, status, location, body, created_at, etag";
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    public static async Task<IdempotentAnswer?> FindAsync(Session session, string key) =>
        (await session.FirstAsync<AnswerRow>(
            $"SELECT {Columns} FROM answers WHERE key = @key AND created_at > @oldest", new { key, oldest = Oldest(session) }))?.ToAnswer();

    public static async Task SaveAsync(Session session, IdempotentAnswer answer)
    {
        await session.ExecuteAsync("DELETE FROM answers WHERE created_at <= @oldest", new { oldest = Oldest(session) });
        await session.ExecuteAsync(
            $"INSERT INTO answers ({Columns}) VALUES (@Key, @RequestHash, @Status, @Location, @Body, @CreatedAt, @ETag)",
            new
            {
                answer.Key,
                answer.RequestHash,
                Status = (long)answer.Status,
                answer.Location,
                answer.Body,
                answer.ETag,
                CreatedAt = StoreTime.ToMicros(answer.CreatedAt),
            });
    }

    private static long Oldest(Session session) => StoreTime.ToMicros(session.Now - Kept);

    private sealed record AnswerRow
    {
        public string Key { get; init; } = "";
        public string RequestHash { get; init; } = "";
        public long Status { get; init; }
        public string Location { get; init; } = "";
        public string Body { get; init; } = "";
        public long CreatedAt { get; init; }
        public string Etag { get; init; } = "";

        public IdempotentAnswer ToAnswer() => new(Key, RequestHash, (int)Status, Location, Body, StoreTime.FromMicros(CreatedAt), Etag);
    }
}
