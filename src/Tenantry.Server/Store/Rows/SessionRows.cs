using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class SessionRows
{
    private const string Columns = "hash, email, method, issuer, provider_session, created_at, expires_at, used_at, grants";

    public static async Task AddAsync(Session session, PersonSession added)
    {
        await session.ExecuteAsync("DELETE FROM sessions WHERE expires_at <= @NowMicros", new { session.NowMicros });
        if (await PersonRows.SignedInAsync(session, added.Email, added.CreatedAt) == 0)
            throw new StoreConflictException($"The person '{added.Email}' was removed meanwhile.");
        await session.ExecuteAsync(
            $"INSERT INTO sessions ({Columns}) VALUES (@Hash, @Email, @Method, @Issuer, @ProviderSession, @CreatedAt, @ExpiresAt, @UsedAt, @Grants)",
            new
            {
                added.Hash,
                added.Email,
                added.Method,
                added.Issuer,
                added.ProviderSession,
                CreatedAt = StoreTime.ToMicros(added.CreatedAt),
                ExpiresAt = StoreTime.ToMicros(added.ExpiresAt),
                UsedAt = StoreTime.ToMicros(added.UsedAt),
                added.Grants,
            });
    }

    public static async Task<SessionOfPerson?> FindAsync(Session session, string hash)
    {
        const string Invitations = "(SELECT COUNT(*) FROM invitations i WHERE i.email = sessions.email AND i.expires_at > @NowMicros) AS invitations";
        if (await session.FirstAsync<Row>($"SELECT {Columns}, {Invitations} FROM sessions WHERE hash = @hash", new { hash, session.NowMicros }) is not { } row)
            return null;
        return await PersonRows.FindAsync(session, row.Email) is { } person
            ? new SessionOfPerson(row.ToSession(), person, await PersonRows.ListMembersAsync(session, null, row.Email), (int)row.Invitations)
            : null;
    }

    public static Task<int> UseAsync(Session session, string hash, DateTimeOffset at) =>
        session.ExecuteAsync("UPDATE sessions SET used_at = @at WHERE hash = @hash", new { hash, at = StoreTime.ToMicros(at) });

    public static async Task<bool> DeleteAsync(Session session, string hash) =>
        await session.ExecuteAsync("DELETE FROM sessions WHERE hash = @hash", new { hash }) > 0;

    public static Task<int> DeleteOfAsync(Session session, string issuer, string? providerSession, string? subject) => session.ExecuteAsync(
        $"DELETE FROM sessions WHERE issuer = @issuer AND {(providerSession is null ? "email IN (SELECT email FROM people WHERE issuer = @issuer AND subject = @subject)" : "provider_session = @providerSession")}",
        new { issuer, providerSession, subject });

    public static async Task AddLinkAsync(Session session, string hash, string email, DateTimeOffset expiresAt)
    {
        await session.ExecuteAsync("DELETE FROM signin_links WHERE expires_at <= @NowMicros", new { session.NowMicros });
        await session.ExecuteAsync("INSERT INTO signin_links (hash, email, expires_at) VALUES (@hash, @email, @at)", new { hash, email, at = StoreTime.ToMicros(expiresAt) });
    }

    public static Task<string?> FindLinkAsync(Session session, string hash) =>
        session.FirstAsync<string>("SELECT email FROM signin_links WHERE hash = @hash AND expires_at > @NowMicros", new { hash, session.NowMicros });

    public static Task<string?> TakeLinkAsync(Session session, string hash) =>
        session.FirstAsync<string>("DELETE FROM signin_links WHERE hash = @hash AND expires_at > @NowMicros RETURNING email", new { hash, session.NowMicros });

    private sealed record Row
    {
        public string Hash { get; init; } = "";
        public string Email { get; init; } = "";
        public string Method { get; init; } = "";
        public string Issuer { get; init; } = "";
        public string ProviderSession { get; init; } = "";
        public long CreatedAt { get; init; }
        public long ExpiresAt { get; init; }
        public long UsedAt { get; init; }
        public string Grants { get; init; } = "";
        public long Invitations { get; init; }

        public PersonSession ToSession() => new(
            Hash, Email, Method, Issuer, ProviderSession, StoreTime.FromMicros(CreatedAt), StoreTime.FromMicros(ExpiresAt), StoreTime.FromMicros(UsedAt))
        {
            Grants = Grants,
        };
    }
}
