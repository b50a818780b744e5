using System.Net.Http.Json;
using Tenantry.Server.Serving;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Serving;

/// <summary>The whole server is killed in the middle of many changes: what was changed and what the audit says of it are the same afterwards.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AuditCrashTests(PostgresServer postgres)
{
    private const int Workers = 8;
    private const int Rounds = 3;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task AServerThatIsKilledLeavesNoChangeWithoutItsAuditRowAndNoRowWithoutItsChange(string kind)
    {
        using var folder = new TestFolder();
        var address = kind == "sqlite" ? kind : await postgres.CreateDatabaseAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var serve = await ServeProcess.StartFreeAsync(folder.Data, "--store", address, "--role", "api");
            await using var last = serve;
            await StormAsync(serve, round);
        }

        await using var store = await StoreFactory.OpenAsync(address, new DataFolders(folder.Data), TimeProvider.System, CancellationToken.None);
        var tenants = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = await store.ListTenantsAsync(new PageRequest(1000, cursor), CancellationToken.None);
            tenants.AddRange(page.Items.Select(tenant => $"tenant {tenant.Name}"));
            if ((cursor = page.Next) is null)
                break;
        }

        var rows = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = await store.ListAuditAsync(new PageRequest(1000, cursor), CancellationToken.None);
            rows.AddRange(page.Items.Where(row => row.Entry is { Action: "tenant.create", Outcome: "done" }).Select(row => row.Entry.Subject));
            if ((cursor = page.Next) is null)
                break;
        }

        tenants.Count.ShouldBeGreaterThan(Workers * Rounds);
        rows.ShouldBe(tenants, ignoreOrder: true);
        (await store.VerifyAuditAsync(CancellationToken.None)).ShouldBeNull();
    }

    private static async Task StormAsync(ServeProcess serve, int round)
    {
        using var client = serve.Client();
        var made = 0;
        var storm = Enumerable.Range(0, Workers).Select(async worker =>
        {
            try
            {
                for (var number = 0; ; number++)
                {
                    using var answer = await client.PostAsJsonAsync("/v1/tenants", new { name = $"t{round}-{worker}-{number}" });
                    answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Created, serve.Log);
                    Interlocked.Increment(ref made);
                }
            }
            catch (HttpRequestException)
            {
                // It was killed.
            }
        }).ToList();
        await Waiting.ForAsync(() => Volatile.Read(ref made) > Workers * 4 || storm.Any(worker => worker.IsFaulted));
        await serve.KillAsync();
        await Task.WhenAll(storm);
    }
}
