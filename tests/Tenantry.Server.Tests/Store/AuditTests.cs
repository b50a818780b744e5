using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

public abstract class AuditTests(IStorePlace place) : StoreTests(place)
{
    [Fact]
    public async Task AWholeChainIsVerified()
    {
        (await Store.VerifyAuditAsync(Ct)).ShouldBeNull();
        await AppendAsync(3);
        (await Store.VerifyAuditAsync(Ct)).ShouldBeNull();
        var page = await Store.ListAuditAsync(new PageRequest(2), Ct);
        page.Items.Select(row => row.Sequence).ShouldBe([3L, 2L]);
        page.Items[0].PreviousHash.ShouldBe(page.Items[1].Hash);
        (await Store.ListAuditAsync(new PageRequest(2, page.Next), Ct)).Items.ShouldHaveSingleItem().Sequence.ShouldBe(1);
    }

    [Fact]
    public async Task TextThatAStoreCannotKeepLeavesTheChainWhole()
    {
        const string Bad = "a\0b\u0001c\ud800d\r\u0085e";
        await Store.AppendAuditAsync(
            new AuditEntry(Bad, Bad, Bad, Bad, Bad + "\n\t\ud83d\ude00", Bad, Time.GetUtcNow()) { Through = Bad, Changes = Bad, Organization = Bad }, Ct);
        await AppendAsync(1);

        (await Store.VerifyAuditAsync(Ct)).ShouldBeNull();
        var entry = (await Store.ListAuditAsync(new PageRequest(), Ct)).Items[^1].Entry;
        const string Plain = "a\ufffdb\ufffdc\ufffdd\ufffd\ufffde";
        ((string[])[entry.Actor, entry.Action, entry.Subject, entry.Outcome, entry.RequestId, entry.Through, entry.Changes]).ShouldAllBe(text => text == Plain);
        entry.Detail.ShouldBe(Plain + "\n\t\ud83d\ude00");
    }

    [Fact]
    public async Task ManyWhoAppendAtOnceMakeOneChain()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Store.AppendAuditAsync(Entry(i), Ct)));
        (await Store.VerifyAuditAsync(Ct)).ShouldBeNull();
        (await Store.ListAuditAsync(new PageRequest(), Ct)).Items.Count.ShouldBe(20);
    }

    [Fact]
    public async Task ALongChainIsVerifiedToItsEnd()
    {
        await AppendAsync(1);
        await using (var database = Connect())
        {
            await database.WriteAsync(
                async session =>
                {
                    for (var i = 0; i < 2100; i++)
                        await Server.Store.Rows.AuditRows.AppendAsync(session, Entry(i));
                },
                Ct);
        }
        (await Store.VerifyAuditAsync(Ct)).ShouldBeNull();
        await TamperAsync("UPDATE audit SET detail = 'x' WHERE sequence = 2050");
        (await Store.VerifyAuditAsync(Ct)).ShouldBe("Audit row 2050 was changed after it was written.");
    }

    [Theory]
    [InlineData("UPDATE audit SET actor = 'eve' WHERE sequence = 3", "Audit row 3 was changed after it was written.")]
    [InlineData("UPDATE audit SET at = at + 1 WHERE sequence = 1", "Audit row 1 was changed after it was written.")]
    [InlineData("UPDATE audit SET through = 'token 0' WHERE sequence = 3", "Audit row 3 was changed after it was written.")]
    [InlineData("UPDATE audit SET organization = 'other' WHERE sequence = 3", "Audit row 3 was changed after it was written.")]
    [InlineData("UPDATE audit SET organization = '' WHERE sequence = 4", "Audit row 4 was changed after it was written.")]
    [InlineData("UPDATE audit SET through = '' WHERE sequence = 4", "Audit row 4 was changed after it was written.")]
    [InlineData("UPDATE audit SET changes = '[]' WHERE sequence = 4", "Audit row 4 was changed after it was written.")]
    [InlineData("DELETE FROM audit WHERE sequence = 2", "Audit row 2 is missing.")]
    [InlineData("DELETE FROM audit WHERE sequence >= 4", "Audit row 4 is missing.")]
    [InlineData("DELETE FROM audit", "Audit row 1 is missing.")]
    [InlineData("INSERT INTO audit (sequence, actor, action, subject, outcome, detail, request_id, at, previous_hash, hash, through, changes, organization) SELECT 0, actor, action, subject, outcome, detail, request_id, at, previous_hash, hash, through, changes, organization FROM audit WHERE sequence = 2", "Audit row 0 was not written by Tenantry: row 1 was to follow.")]
    [InlineData("INSERT INTO audit (sequence, actor, action, subject, outcome, detail, request_id, at, previous_hash, hash, through, changes, organization) SELECT -7, actor, action, subject, outcome, detail, request_id, at, previous_hash, hash, through, changes, organization FROM audit WHERE sequence = 1", "Audit row -7 was not written by Tenantry: row 1 was to follow.")]
    [InlineData("UPDATE audit SET at = 9223372036854775807 WHERE sequence = 3", "Audit row 3 was changed after it was written.")]
    [InlineData("UPDATE audit SET at = -900000000000000000 WHERE sequence = 3", "Audit row 3 was changed after it was written.")]
    [InlineData("UPDATE audit SET hash = 'f' WHERE sequence = 5", "Audit row 5 was changed after it was written.")]
    [InlineData("UPDATE audit_head SET sequence = 4", "Audit row 5 was not written by Tenantry: the newest that was is 4.")]
    [InlineData("UPDATE audit_head SET hash = 'f'", "Audit row 5 is not the one that was written: the chain was replaced.")]
    public async Task WhatWasDoneToTheRowsIsNamed(string sql, string sentence)
    {
        await AppendAsync(5);
        await TamperAsync(sql);
        (await Store.VerifyAuditAsync(Ct)).ShouldBe(sentence);
    }

    [Fact]
    public async Task RowsThatChangedPlacesAreNamed()
    {
        await AppendAsync(5);
        await TamperAsync("UPDATE audit SET sequence = 99 WHERE sequence = 2");
        await TamperAsync("UPDATE audit SET sequence = 2 WHERE sequence = 3");
        await TamperAsync("UPDATE audit SET sequence = 3 WHERE sequence = 99");
        (await Store.VerifyAuditAsync(Ct)).ShouldBe("Audit row 2 does not follow row 1: it was moved, or the row before it was replaced.");
    }

    [Fact]
    public async Task AChangeIsWrittenWithItsAuditRowOrNotAtAll()
    {
        using (AuditTrail.Begin(subject => Entry(1) with { Subject = subject }))
        {
            await TamperAsync("ALTER TABLE audit RENAME TO audit_away");
            await Should.ThrowAsync<Exception>(() => Store.CreateTenantAsync(Fleet.NewTenant("alice"), Ct));
            await TamperAsync("ALTER TABLE audit_away RENAME TO audit");
        }

        (await Store.FindTenantAsync("alice", Ct)).ShouldBeNull("its row could not be written");
        (await Store.ListOrganizationsAsync(Ct)).ShouldBeEmpty("the organization is made with the tenant");
        (await Store.LastChangeAsync(Ct)).ShouldBe(0);
        using (var trail = AuditTrail.Begin(subject => Entry(2) with { Subject = subject }))
        {
            await Store.CreateTenantAsync(Fleet.NewTenant("alice"), Ct);
            trail.IsWritten.ShouldBeTrue();
        }

        (await Store.ListAuditAsync(new PageRequest(), Ct)).Items.ShouldHaveSingleItem().Entry.Subject.ShouldBe("tenant alice");
        (await Store.VerifyAuditAsync(Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task AChangeThatIsNotMadeLeavesNoRowThatSaysSo()
    {
        await Store.CreateTenantAsync(Fleet.NewTenant("alice"), Ct);
        using var trail = AuditTrail.Begin(subject => Entry(1) with { Subject = subject });

        await Should.ThrowAsync<StoreConflictException>(() => Store.CreateTenantAsync(Fleet.NewTenant("alice"), Ct));
        (await Store.DeleteTenantAsync("nobody", Ct)).ShouldBeFalse();

        trail.IsWritten.ShouldBeFalse();
        (await Store.ListAuditAsync(new PageRequest(), Ct)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatRunsOnAfterItsChangeWritesNoRow()
    {
        var over = new TaskCompletionSource();
        Task later;
        using (AuditTrail.Begin(subject => Entry(1) with { Subject = subject }))
        {
            later = Task.Run(async () =>
            {
                await over.Task;
                await Store.CreateTenantAsync(Fleet.NewTenant("alice"), Ct);
            });
        }

        over.SetResult();
        await later;
        (await Store.ListAuditAsync(new PageRequest(), Ct)).Items.ShouldBeEmpty();
    }

    private async Task AppendAsync(int count)
    {
        for (var i = 0; i < count; i++)
            await Store.AppendAuditAsync(Entry(i), Ct);
    }

    [Fact]
    public async Task TheListIsNarrowed()
    {
        await AppendAsync(3);
        Time.Advance(TimeSpan.FromHours(1));
        await Store.AppendAuditAsync(Entry(9) with { Actor = "bob", Action = "tenant.delete", Outcome = "denied" }, Ct);
        await Store.AppendAuditAsync(Entry(9) with { Action = "tenants.x" }, Ct);

        async Task<long[]> Found(AuditFilter filter) => [.. (await Store.FindAuditAsync(filter, new PageRequest(), Ct)).Items.Select(row => row.Sequence)];
        (await Found(new AuditFilter(Actor: "bob"))).ShouldBe([4L]);
        (await Found(new AuditFilter(Action: "tenant"))).ShouldBe([4L, 3L, 2L, 1L]);
        (await Found(new AuditFilter(Action: "tenant.add", Subject: "t1"))).ShouldBe([2L]);
        (await Found(new AuditFilter(Outcome: "denied", Since: Time.GetUtcNow()))).ShouldBe([4L]);
        (await Found(new AuditFilter(Until: Time.GetUtcNow()))).ShouldBe([3L, 2L, 1L]);
        var page = await Store.FindAuditAsync(new AuditFilter(Action: "tenant"), new PageRequest(3), Ct);
        (await Store.FindAuditAsync(new AuditFilter(Action: "tenant"), new PageRequest(3, page.Next), Ct)).Items.ShouldHaveSingleItem().Sequence.ShouldBe(1);
    }

    // Every second one as rows were before these were noted.
    private AuditEntry Entry(int i) => new("ann", "tenant.add", $"t{i}", "done", "größe \"x\"", $"r{i}", Time.GetUtcNow()) { Through = i % 2 == 1 ? "socket" : "", Changes = "", Organization = i == 3 ? "acme" : "" };
}

public sealed class SqliteAuditTests() : AuditTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresAuditTests(PostgresServer server) : AuditTests(new PostgresPlace(server));
