using Tenantry.Server.Gateway;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

public class WorkBudgetTests
{
    private static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(10);
    private readonly ManualTime time = new();

    [Fact]
    public void WhatIsDoneNowAndThenNeverRests()
    {
        var budget = new WorkBudget(0.1, TimeSpan.FromMilliseconds(50), time);
        for (var i = 0; i < 100; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            budget.RestAfter(Piece).ShouldBe(TimeSpan.Zero);
        }
    }

    [Fact]
    public void SeveralInARowDoNotRestBeforeWhatWasSavedUpIsUsed()
    {
        var budget = new WorkBudget(0.1, TimeSpan.FromMilliseconds(50), time);
        for (var i = 0; i < 5; i++)
            budget.RestAfter(Piece).ShouldBe(TimeSpan.Zero);
        budget.RestAfter(Piece).ShouldBe(TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public void WorkWithoutEndTakesItsShareAndNoMore()
    {
        var budget = new WorkBudget(0.1, TimeSpan.FromMilliseconds(50), time);
        var (worked, passed) = (TimeSpan.Zero, TimeSpan.Zero);
        while (passed < TimeSpan.FromSeconds(60))
        {
            time.Advance(Piece);
            worked += Piece;
            var rest = budget.RestAfter(Piece);
            time.Advance(rest);
            passed += Piece + rest;
        }

        (worked / passed).ShouldBeInRange(0.09, 0.11);
    }
}
