; SPDX-License-Identifier: MIT
; bits.smt2 - that bits_of() in proofs.h says the truth. scripts/prove defines k as 0 to 63 in turn; of each the prover
; must answer "unsat": there is no x of which one of these lines is false. No sum or difference may wrap. Where broken
; is true the answer must be another.
(declare-const x (_ BitVec 64))
(define-fun one () (_ BitVec 64) #x0000000000000001)
(define-fun all () (_ BitVec 64) #xffffffffffffffff)
(define-fun power () (_ BitVec 64) (bvshl one k))
(define-fun rest () (_ BitVec 64) (bvurem x power))
(define-fun bit () (_ BitVec 64) (bvurem (bvudiv x power) #x0000000000000002))
(define-fun bit_of_x () (_ BitVec 64) (bvmul bit power))
(assert (not (and
	(not broken)
	(= (concat #x00000000 ((_ extract 31 0) x)) (bvurem x #x0000000100000000))
	(= (bvlshr x k) (bvudiv x power))
	(= (bvugt (bvlshr x k) #x0000000000000000) (bvuge x power))
	(= (bvand x (bvsub power one)) rest)
	(bvule rest x)
	(= (bvand x (bvsub all (bvsub power one))) (bvsub x rest))
	(= (bvor x (bvsub power one)) (bvadd (bvsub x rest) (bvsub power one)))
	(bvuge (bvadd (bvsub x rest) (bvsub power one)) (bvsub x rest))
	(= (bvand x power) bit_of_x)
	(bvule bit_of_x x)
	(= (bvand x (bvsub all power)) (bvsub x bit_of_x))
	(bvule bit one)
	(=> (= bit one) (and (= (bvor x power) x) (= (bvxor x power) (bvsub x power))))
	(=> (= bit #x0000000000000000) (and (bvuge (bvadd x power) x) (= (bvor x power) (bvxor x power) (bvadd x power)))))))
(check-sat)
