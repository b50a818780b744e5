using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Tests.Api;

public class WireJsonTests
{
    private static readonly InstanceResponse Alice = new()
    {
        Slug = "alice",
        Tenant = "alice",
        Organization = "default",
        Environment = "prod",
        App = "notes",
        Target = "local",
        Tier = "free",
        Release = "notes-1",
        Phase = InstancePhase.Asleep,
        Health = InstanceHealth.Unknown,
        Reason = "",
        Url = "http://alice.localhost:8080",
        Generation = 3,
        ObservedGeneration = 3,
        Drift = [],
        CreatedAt = new DateTimeOffset(2026, 11, 2, 3, 4, 5, TimeSpan.FromHours(1)),
        Wake = new WakeRecord(new DateTimeOffset(2026, 11, 2, 3, 4, 5, TimeSpan.Zero), InstancePhase.Frozen, 0.0004, 0.25),
    };

    [Fact]
    public void AnInstanceHasTheFieldsThatScriptsRelyOnAndNoOthers()
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(Alice, WireJson.Options));

        json.RootElement.EnumerateObject().Select(p => p.Name).ShouldBe(
        [
            "slug", "tenant", "organization", "environment", "app", "target", "tier", "release", "phase", "health", "reason", "url",
            "generation", "observedGeneration", "drift", "createdAt", "wake",
        ]);
    }

    [Fact]
    public void EnumsAreNamesTimesAreUtcAndDurationsAreSeconds()
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(Alice, WireJson.Options));

        json.RootElement.GetProperty("phase").GetString().ShouldBe("Asleep");
        json.RootElement.GetProperty("createdAt").GetString().ShouldBe("2026-11-02T02:04:05Z");
        json.RootElement.GetProperty("wake").GetProperty("from").GetString().ShouldBe("Frozen");
        json.RootElement.GetProperty("wake").GetProperty("platformSeconds").GetDouble().ShouldBe(0.0004);
    }

    [Fact]
    public void MoneyIsADecimalStringWithItsCurrency()
    {
        var text = JsonSerializer.Serialize(new PlanResponse([], [], MoneyResponse.Of(new Model.Plans.Money(12.50m, "USD")), []), WireJson.Options);

        text.ShouldContain("""{"amount":"12.50","currency":"USD"}""");
    }

    [Fact]
    public void AnAnswerWithAMemberOfANewerServerIsRead() =>
        JsonSerializer.Deserialize<TokenResponse>("""{"name":"ci","createdAt":"2026-11-02T02:04:05Z","expiresAt":null,"colour":"red"}""", WireJson.Options)!
            .Name.ShouldBe("ci");
}
