using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Client;
using Tenantry.Server;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Events;
using Tenantry.Server.Store;
using Tenantry.Targets.Fake;

namespace Tenantry.Bench;

/// <summary>The API in this process over a store that is there, asked by the client as the command line asks it.</summary>
internal static class FakeApi
{
    private const int Rounds = 20;

    public static async Task<(Samples Times, int Pages)> ListAsync(IStore store, DataFolders folders, int size, CancellationToken cancellationToken)
    {
        var engine = new EngineClient(folders.EngineSocket);
        using var feed = new ChangeFeed(store, engine, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        await using var api = ApiHost.Build(new ApiParts
        {
            Store = store,
            Engine = engine,
            Feed = feed,
            Settings = new ApiSettings { BaseDomain = "localhost", Gateway = () => new Uri("http://localhost:8080"), Version = "bench", StartedAt = TimeProvider.System.GetUtcNow() },
            Folders = folders,
            TargetKinds = [FakeTarget.CatalogLine],
            Time = TimeProvider.System,
            LoggerFactory = NullLoggerFactory.Instance,
            Socket = folders.ApiSocket,
            SocketUsers = new HashSet<uint>(),
        });
        await api.StartAsync(cancellationToken);
        using var client = new TenantryClient(TenantryAddress.OfSocket(folders.ApiSocket));
        var times = new Samples();
        for (var round = 0; round < Rounds; round++)
        {
            var asked = Stopwatch.GetTimestamp();
            var seen = await client.Instances.ListAsync(cancellationToken: cancellationToken).CountAsync(cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(asked));
            if (seen != size)
                throw new InvalidOperationException($"The list has {seen} instances, not {size}.");
        }

        await api.StopAsync(cancellationToken);
        return (times, (size + ListPage - 1) / ListPage);
    }

    // As many as the client asks for at once.
    private const int ListPage = PageQuery.Largest;
}
