using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class MetaRows
{
    public static async Task<string> ClaimEngineKeyAsync(Session session, string mark, bool replace)
    {
        if (replace)
            await session.ExecuteAsync("DELETE FROM meta WHERE name = 'engine-key'");
        await session.ExecuteAsync("INSERT INTO meta (name, value) VALUES ('engine-key', @mark) ON CONFLICT (name) DO NOTHING", new { mark });
        return (await session.FirstAsync<string>("SELECT value FROM meta WHERE name = 'engine-key'"))!;
    }
}
