using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>The example Redis as its page tells it, with the host's own redis-server: two tenants, each with data and a password of its own.</summary>
public class RedisTests
{
    [MachineFact("redis-server")]
    public async Task EachTenantsRedisKeepsItsDataThroughRestartAndSleepAndNobodySeesTheOthers()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", Repository.Example("redis"))).ShouldEndWith(0);
        foreach (var name in (string[])["alice", "bob"])
            (await plane.JsonAsync("tenant", "add", name, "--app", "redis")).GetProperty("instance").GetProperty("health").GetString().ShouldBe("Healthy");

        (await RedisAsync(plane, "alice", "set", "greeting", "hello")).ShouldBe("OK");
        (await RedisAsync(plane, "bob", "get", "greeting")).ShouldBe("", "bob's Redis is another one");
        (await RedisAsync(plane, "alice", "config", "get", "requirepass")).ShouldNotBe(await RedisAsync(plane, "bob", "config", "get", "requirepass"));
        // Without its password nobody gets in, also from inside.
        (await plane.CallAsync("exec", "alice", "--", "/usr/bin/env", "-u", "REDISCLI_AUTH", "/usr/bin/redis-cli", "get", "greeting")).Out.ShouldContain("NOAUTH");

        (await plane.CallAsync("restart", "alice")).ShouldEndWith(0);
        (await RedisAsync(plane, "alice", "get", "greeting")).ShouldBe("hello");
        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
        (await plane.CallAsync("wake", "alice")).ShouldEndWith(0);
        (await RedisAsync(plane, "alice", "get", "greeting")).ShouldBe("hello");

        // Another tier, in place: the same server goes on with more memory.
        var before = await RedisAsync(plane, "alice", "info", "server");
        (await plane.CallAsync("tenant", "set", "alice", "--tier", "large")).ShouldEndWith(0);
        Field(await RedisAsync(plane, "alice", "info", "server"), "run_id").ShouldBe(Field(before, "run_id"));
        (await plane.JsonAsync("stats", "alice"))[0].GetProperty("memoryLimitBytes").GetInt64().ShouldBeInRange(999_000_000, 1_001_000_000);

        // It speaks no HTTP: its URL leads nowhere, and says so.
        using var visitor = new Visitor();
        (await visitor.GetAsync(plane, "alice.localhost")).Status.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
    }

    private static async Task<string> RedisAsync(ControlPlane plane, string tenant, params string[] command) =>
        (await plane.CallAsync(["exec", tenant, "--", "/usr/bin/redis-cli", "--raw", .. command])).ShouldEndWith(0).Out.TrimEnd();

    private static string Field(string info, string name) => info.Split('\n').Single(line => line.StartsWith(name + ":", StringComparison.Ordinal)).TrimEnd();
}
