using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class TokenRows
{
    private const string Columns = "name, hash, created_at, expires_at, role, organization, last_used_at";

    public static async Task<int> AddAsync(Session session, ApiToken token)
    {
        if (token.Organization.Length > 0)
            await TenantRows.RequireOrganizationAsync(session, token.Organization, session.Dialect.ForUpdate);
        return await session.ExecuteAsync(
            $"INSERT INTO tokens ({Columns}) VALUES (@Name, @Hash, @CreatedAt, @ExpiresAt, @Role, @Organization, @LastUsedAt)",
            new
            {
                token.Name,
                token.Hash,
                CreatedAt = StoreTime.ToMicros(token.CreatedAt),
                ExpiresAt = StoreTime.ToMicros(token.ExpiresAt),
                Role = token.Role.ToString(),
                token.Organization,
                LastUsedAt = StoreTime.ToMicros(token.LastUsedAt),
            });
    }

    public static Task<int> UseAsync(Session session, string hash, DateTimeOffset at) =>
        session.ExecuteAsync("UPDATE tokens SET last_used_at = @at WHERE hash = @hash", new { hash, at = StoreTime.ToMicros(at) });

    public static async Task<ApiToken?> FindAsync(Session session, string hash) =>
        (await session.FirstAsync<TokenRow>($"SELECT {Columns} FROM tokens WHERE hash = @hash", new { hash }))?.ToToken();

    public static async Task<IReadOnlyList<ApiToken>> ListAsync(Session session) =>
        [.. (await session.ListAsync<TokenRow>($"SELECT {Columns} FROM tokens ORDER BY name")).Select(row => row.ToToken())];

    public static async Task<bool> DeleteAsync(Session session, string name) =>
        await session.ExecuteAsync("DELETE FROM tokens WHERE name = @name", new { name }) > 0;

    private sealed record TokenRow
    {
        public string Name { get; init; } = "";
        public string Hash { get; init; } = "";
        public long CreatedAt { get; init; }
        public long? ExpiresAt { get; init; }
        public string Role { get; init; } = "";
        public string Organization { get; init; } = "";
        public long? LastUsedAt { get; init; }

        public ApiToken ToToken() =>
            new(Name, Hash, StoreTime.FromMicros(CreatedAt), StoreTime.FromMicros(ExpiresAt), Enum.Parse<Role>(Role), Organization, StoreTime.FromMicros(LastUsedAt));
    }
}
