-- SPDX-License-Identifier: MIT
-- sqlite.sql - a table in memory: filled, indexed, asked, changed, for bench/preload.
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 150000)
	insert into t select i, hex(zeroblob(20 + i % 60)) || i * 7919 % 100003, i * 1.5 from n;
create index tb on t(b);
select count(*), sum(length(b)) from t;
select b, count(*) from t group by substr(b, -3) order by 2 desc limit 3;
update t set b = b || 'x' where a % 3 = 0;
delete from t where a % 5 = 0;
select count(*) from t a join t b on a.a = b.a + 1;
