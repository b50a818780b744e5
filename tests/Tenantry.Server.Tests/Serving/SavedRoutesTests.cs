using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Store;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A gateway alone, and a real database that goes away.</summary>
public class SavedRoutesTests
{
    private readonly int metrics = FreePort.Take();

    [Fact]
    public async Task AGatewayThatStartsWhileTheDatabaseIsAwayServesWhatItServedBeforeAndSaysHowOldThatIs()
    {
        // A server of its own, since it is stopped in the middle.
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        try
        {
            await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
            using var folder = new TestFolder();
            var database = await postgres.CreateDatabaseAsync();
            await PutAsync(folder, database, app.Port);
            await using (var first = await StartAsync(folder, database))
            {
                await AnswersAsync(first, HttpStatusCode.OK);
                await Waiting.ForAsync(() => File.Exists(new DataFolders(folder.Data).Routes));
            }

            await postgres.StopAsync();
            await using var second = await StartAsync(folder, database);
            await AnswersAsync(second, HttpStatusCode.OK);
            second.Log.ShouldContain("The gateway starts with the routes that it saved");
            var age = await AgeAsync(second);
            age.ShouldBeGreaterThan(0);
            (await AgeAsync(second)).ShouldBeGreaterThan(age, "nobody confirms them");
            (await MetricsAsync()).ShouldContain("\ntenantry_gateway_routes_age_seconds ");

            await postgres.StartAsync();
            await Waiting.ForAsync(async () => await AgeAsync(second) < age);
            await AnswersAsync(second, HttpStatusCode.OK);
        }
        finally
        {
            await postgres.DisposeAsync();
        }
    }

    [Fact]
    public async Task WithoutSavedRoutesItSaysThatTheDatabaseIsAway()
    {
        using var folder = new TestFolder();
        await using var serve = await StartAsync(folder, "postgres://tenantry@/nothing?host=" + folder.Root);

        (await serve.EndAsync()).ShouldBe(7, serve.Log);
        serve.Log.ShouldContain("\"LogLevel\":\"Critical\"");
    }

    private Task<ServeProcess> StartAsync(TestFolder folder, string database) =>
        ServeProcess.StartAsync(folder.Data, [("TENANTRY_STORE", database)], "--role", "gateway", "--gateway", "127.0.0.1:0", "--metrics", $"127.0.0.1:{metrics}");

    private async Task<string> MetricsAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await client.GetStringAsync(new Uri($"http://127.0.0.1:{metrics}/metrics"));
    }

    private static async Task PutAsync(TestFolder folder, string database, int port)
    {
        Directory.CreateDirectory(folder.Data);
        await using var store = await StoreFactory.OpenAsync(database, new DataFolders(folder.Data), TimeProvider.System, CancellationToken.None);
        var fleet = new Fleet(store, TimeProvider.System);
        await fleet.SetUpAsync();
        await fleet.AddAnsweringAsync("alice", port);
    }

    private static async Task AnswersAsync(ServeProcess serve, HttpStatusCode status)
    {
        using var answer = await AskAsync(serve, "/");
        answer.StatusCode.ShouldBe(status, serve.Log);
    }

    private static async Task<double> AgeAsync(ServeProcess serve)
    {
        using var answer = await AskAsync(serve, "/.well-known/tenantry/gateway");
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("routesAgeSeconds").GetDouble();
    }

    private static async Task<HttpResponseMessage> AskAsync(ServeProcess serve, string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(serve.Gateway, path)) { Headers = { Host = "alice.localhost" } };
        return await client.SendAsync(request);
    }
}
