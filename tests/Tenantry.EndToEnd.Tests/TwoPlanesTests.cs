using System.Net;
using Tenantry.EndToEnd.Tests.Running;
using PostgresServer = Tenantry.Server.Tests.Store.PostgresServer;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Two control planes on one PostgreSQL, each with a data folder and a machine (target <c>local</c>) of its own.</summary>
public class TwoPlanesTests
{
    [MachineFact]
    public async Task WhatWasAppliedToOneIsBuiltByTheOtherAndEachGatewaySaysWhereItsNeighboursInstancesAre()
    {
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        try
        {
            var store = await postgres.CreateDatabaseAsync();
            await using var first = new ControlPlane();
            await using var second = new ControlPlane();
            await first.StartAsync(null, "--store", store);
            await first.AddLocalAsync();
            // They share the key that opens secrets.
            var key = Path.Combine(second.Folder, "engine", "engine.key");
            Directory.CreateDirectory(Path.GetDirectoryName(key)!);
            File.Copy(Path.Combine(first.Folder, "engine", "engine.key"), key);
            await second.StartAsync(null, "--store", store);
            (await second.CallAsync("target", "add", "other", "--kind", "local", "--option", $"cgroup={second.Cgroup}")).ShouldEndWith(0);
            using var visitor = new Visitor();

            (await first.CallAsync("app", "apply", "-f", Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "notes"))).ShouldEndWith(0);
            (await first.CallAsync("tenant", "add", "bob", "--app", "notes", "--target", "other")).ShouldEndWith(0);

            await visitor.AnswersAsync(second, "bob.localhost", HttpStatusCode.OK, "hello from bob");
            Directory.GetDirectories(Path.Combine(second.Folder, "targets", "other", "builds")).Length.ShouldBe(1);
            Directory.GetFileSystemEntries(Path.Combine(first.Folder, "uploads")).ShouldBeEmpty("the inputs are in the store");
            var node = (await File.ReadAllTextAsync(Path.Combine(second.Folder, "engine", "node"))).Trim();
            await visitor.AnswersAsync(first, "bob.localhost", HttpStatusCode.ServiceUnavailable, node);

            (await first.CallAsync("tenant", "remove", "bob", "--yes")).ShouldEndWith(0);
            (await first.CallAsync("app", "delete", "notes", "--yes")).ShouldEndWith(0);
        }
        finally
        {
            await postgres.DisposeAsync();
        }
    }
}
