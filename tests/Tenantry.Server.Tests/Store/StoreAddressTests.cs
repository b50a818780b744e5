using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("postgres://ann@db.example.org:6432/fleet", "db.example.org", 6432, "ann", "fleet")]
    [InlineData("postgresql://ann@db/fleet", "db", 5432, "ann", "fleet")]
    [InlineData("postgres://ann@/fleet?host=/run/postgresql", "/run/postgresql", 5432, "ann", "fleet")]
    [InlineData("postgres://ann@[::1]:99/fleet", "::1", 99, "ann", "fleet")]
    [InlineData("postgres://a%40b@db", "db", 5432, "a@b", "tenantry")]
    [InlineData("postgres://ann@", "127.0.0.1", 5432, "ann", "tenantry")]
    public void AnAddressNamesServerUserAndDatabase(string address, string host, int port, string user, string database)
    {
        var settings = StoreAddress.ReadPostgres(address);
        (settings.Host, settings.Port, settings.Username, settings.Database).ShouldBe((host, port, user, database));
    }

    [Fact]
    public void APasswordMayHoldAnything() =>
        StoreAddress.ReadPostgres("postgres://ann:p%2Fw%3Fx@db/fleet").Password.ShouldBe("p/w?x");

    [Theory]
    [InlineData("postgres://ann:secret@db:x/fleet", "'x' is no port")]
    [InlineData("postgres://ann:secret@db/fleet?colour=red", "'colour' is unknown")]
    [InlineData("postgres://ann:secret@db/fleet?sslmode=maybe", "verify-full")]
    [InlineData("postgres://ann:secret@[::1/fleet", "no end")]
    public void WhatIsWrongIsSaidWithoutThePassword(string address, string part)
    {
        var message = Should.Throw<StoreRefusedException>(() => StoreAddress.ReadPostgres(address)).Message;
        message.ShouldContain(part);
        message.ShouldNotContain("secret");
    }

    [Fact]
    public async Task AnythingElseIsNoStore() => (await Should.ThrowAsync<StoreRefusedException>(
        () => StoreFactory.OpenAsync("mysql://ann:secret@db", new DataFolders("/nowhere"), TimeProvider.System, CancellationToken.None)))
        .Message.ShouldStartWith("'mysql' is no store that Tenantry knows. Say 'sqlite'");
}
